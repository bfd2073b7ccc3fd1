// Package ringcast: what is exported is described in index.d.ts.

export {Client} from './client.js';
export {RingcastError} from './errors.js';
export {EventStreamParser} from './event_stream_parser.js';
export {publish, publishMany} from './publish.js';
export {SharedSubscription, subscribeShared} from './shared/subscribe_shared.js';
export {StateEvent, StreamEvent} from './stream_event.js';
export {subscribe, Subscription} from './subscribe.js';
