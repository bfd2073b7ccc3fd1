// The SharedWorker that holds the connections of all tabs.

import {Hub} from './hub.js';
import {hold, uniqueName} from './locks.js';

const id = uniqueName();
const {locks} = globalThis.navigator;
const hub = new Hub({id, locks});
// Tabs notice by this lock that the worker is gone; so it is held before they are served.
const ready = locks ? hold(locks, `ringcast:hub:${id}`) : Promise.resolve();

globalThis.onconnect = ({ports: [port]}) => {
  let name;
  port.onmessage = async ({data}) => {
    await ready;
    name = data.tab ?? name;
    if (name) hub.receive(name, data, (message) => port.postMessage(message));
  };
};
