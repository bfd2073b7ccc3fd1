// One broker and its options, named once.

import {publish, publishMany} from './publish.js';
import {checkOptions} from './request.js';
import {subscribe} from './subscribe.js';

/** See index.d.ts. */
export class Client {
  #options;

  constructor(options) {
    checkOptions(options, ['url', 'token', 'headers', 'credentials', 'fetch'], 'Client');
    this.#options = {...options};
  }

  subscribe(options) {
    return subscribe({...this.#options, ...options});
  }

  publish(topics, data, options) {
    return publish(topics, data, {...this.#options, ...options});
  }

  publishMany(events, options) {
    return publishMany(events, {...this.#options, ...options});
  }
}
