// Compiled, never run: what applications write has to fit the declarations.

import {Client, EventStreamParser, publish, publishMany, RingcastError, StreamEvent, subscribe, subscribeShared} from 'ringcast';
import type {Gap, Publication, SubscribeOptions} from 'ringcast';
import {EventSource} from 'ringcast/eventsource';

const options: SubscribeOptions = {
  url: new URL('http://127.0.0.1:8080'), topics: ['a', 'b/**'] as const, since: -10, events: 'x', envelope: true,
  token: async ({rejected}) => (rejected ? 'new' : null), headers: {'X-Mine': 'yes'},
  onGap: (gap: Gap) => gap.missed?.toFixed(), onComment: (text) => text.length,
};

export async function follow(): Promise<string> {
  const subscription = subscribe(options);
  await subscription.opened;
  subscription.addEventListener('error', ({error, final, retryInMs}) => [error?.status, final, retryInMs]);
  subscription.addEventListener('paid', ({data, id, topic}) => [data.length, id, topic]);
  for await (const event of subscription) {
    const event2: StreamEvent = event;
    if (event2.gap?.reason === 'expired') continue;
    return event.json<{total: string}>().total + subscription.lastEventId;
  }
  // @ts-expect-error: an option that there is not
  subscribe({url: 'http://x', topic: 'a'});
  // @ts-expect-error: the topics are missing
  subscribeShared({url: 'http://x'});
  return subscribeShared({url: '/ringcast', topics: 'a', mode: 'auto', union: true, share: 'user-7'}).lastEventId;
}

export async function send(): Promise<number> {
  const client = new Client({url: 'http://127.0.0.1:8080', token: 'x'});
  const {id, duplicate} = await client.publish(['a', 'b'], {total: 1}, {event: 'paid', key: null, private: true});
  const events: Publication[] = [{topic: 'a', data: id}, {topics: ['a'], data: new Uint8Array(1), key: 'k'}];
  await publishMany(events, {url: 'http://127.0.0.1:8080', batchEvents: 10});
  // @ts-expect-error: either topic or topics
  await client.publishMany([{topic: 'a', topics: ['b'], data: 1}]);
  // @ts-expect-error: without a client the url is needed
  await publish('a', 'x', {event: String(duplicate)});
  try {
    return (await client.publishMany((async function* source() { yield* events; }()))).accepted;
  } catch (error) {
    if (error instanceof RingcastError) return error.index ?? error.status ?? 0;
    throw error;
  }
}

export function drop(): void {
  const source = new EventSource('http://127.0.0.1:8080/events?topic=a', {headers: {Authorization: 'Bearer x'}});
  source.onmessage = ({data, lastEventId}) => [data, lastEventId];
  source.addEventListener('paid', ({data}) => data.length);
  source.addEventListener('error', ({code, message}) => [code?.toFixed(), message]);
  new EventStreamParser({onEvent: ({type, data, id}) => [type, data, id], maxEventSize: 10}).feed(new Uint8Array(1));
}
