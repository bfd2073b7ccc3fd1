// Package ringcast publishes events to a ringcast broker and subscribes to them.
//
// A [Client] needs nothing but the broker's URL:
//
//	client := &ringcast.Client{URL: "http://127.0.0.1:8080"}
//	receipt, err := client.Publish(ctx, "orders/42", map[string]string{"total": "12.50"}, ringcast.WithEvent("paid"))
//
// [Client.Subscribe] returns a [Stream]. It connects again after whatever ends a connection, goes on after the last event, and
// tells what the broker no longer has as a [Gap]: nothing is lost silently.
//
//	stream, err := client.Subscribe(ctx, ringcast.SubscribeOptions{Topics: []string{"orders/**"}})
//	defer stream.Close()
//	for {
//		event, err := stream.Next(ctx)
//		...
//	}
//
// What the broker refuses is an [*Error] with the broker's own words.
package ringcast
