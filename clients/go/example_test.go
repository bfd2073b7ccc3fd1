package ringcast_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"ringcast"
)

// brokerURL is that of a ringcastd that lets this machine do everything.
func brokerURL() string { return os.Getenv("RINGCAST_URL") }

func ExampleClient_Publish() {
	client := &ringcast.Client{URL: brokerURL()}
	receipt, err := client.Publish(context.Background(), "orders/42", map[string]string{"total": "12.50"},
		ringcast.WithEvent("paid"), ringcast.WithID("order-42-paid"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.ID)
	// Output: order-42-paid
}

func ExampleClient_PublishMany() {
	client := &ringcast.Client{URL: brokerURL()}
	// From Go 1.23 on: client.PublishMany(ctx, slices.Values(publications))
	summary, err := client.PublishMany(context.Background(), func(yield func(ringcast.Publication) bool) {
		for i := 0; i < 5000; i++ {
			if !yield(ringcast.Publication{Topic: "example/many", Data: i}) {
				return
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Accepted)
	// Output: 5000
}

func ExampleClient_PublishChan() {
	client := &ringcast.Client{URL: brokerURL()}
	readings := make(chan ringcast.Publication)
	go func() {
		defer close(readings)
		for _, celsius := range []float64{20.5, 21, 21.5} {
			readings <- ringcast.Publication{Topic: "example/celsius", Data: celsius}
		}
	}()
	summary, err := client.PublishChan(context.Background(), readings)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Accepted)
	// Output: 3
}

func ExampleClient_Subscribe() {
	ctx := context.Background()
	client := &ringcast.Client{URL: brokerURL()}
	for _, text := range []string{"one", "two"} {
		if _, err := client.Publish(ctx, "example/news", text); err != nil {
			log.Fatal(err)
		}
	}
	stream, err := client.Subscribe(ctx, ringcast.SubscribeOptions{
		Topics:       []string{"example/news"},
		Since:        "-2",
		OnGap:        func(gap ringcast.Gap) { log.Print(gap) },
		OnDisconnect: func(reason error, wait time.Duration) { log.Printf("%v; again in %v", reason, wait) },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	for i := 0; i < 2; i++ {
		event, err := stream.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Type, event.Data)
	}
	// Output:
	// message one
	// message two
}

func ExampleStream_LastEventID() {
	ctx := context.Background()
	client := &ringcast.Client{URL: brokerURL()}
	for i := 1; i <= 3; i++ {
		if _, err := client.Publish(ctx, "example/resume", i); err != nil {
			log.Fatal(err)
		}
	}
	options := ringcast.SubscribeOptions{Topics: []string{"example/resume"}, Since: "earliest"}
	for i := 0; i < 3; i++ { // Each as if the process had started anew.
		stream, err := client.Subscribe(ctx, options)
		if err != nil {
			log.Fatal(err)
		}
		event, err := stream.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Data)
		options.LastEventID = stream.LastEventID()
		stream.Close()
	}
	// Output:
	// 1
	// 2
	// 3
}

func ExampleError() {
	client := &ringcast.Client{URL: brokerURL()}
	_, err := client.Publish(context.Background(), "a*b", "x")
	var refused *ringcast.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Field)
	}
	// Output: 400 topic
}
