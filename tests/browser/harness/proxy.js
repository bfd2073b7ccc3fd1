// A TCP proxy whose connections a test can cut, as bad networks do.

import {EventEmitter, once} from 'node:events';
import net from 'node:net';

export class CuttingProxy extends EventEmitter {
  // Forwards to `target` ("127.0.0.1:80") until told otherwise. Its own address stays the same.
  static async start(target) {
    const proxy = new CuttingProxy(target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.address = `127.0.0.1:${proxy.server.address().port}`;
    proxy.url = `http://${proxy.address}`;
    return proxy;
  }

  constructor(target) {
    super();
    this.target = target;
    this.open = new Set();
    this.accepted = 0;
    this.refusing = false;
    this.waiting = null;
    this.server = net.createServer((client) => this.#forward(client));
  }

  #forward(client) {
    if (this.refusing) {
      client.destroy();
      return;
    }
    this.accepted += 1;
    this.emit('connection');
    if (this.waiting) {
      this.waiting.push(client);
    } else {
      this.#connect(client);
    }
  }

  #connect(client) {
    const [host, port] = this.target.split(':');
    const upstream = net.connect(Number(port), host);
    for (const socket of [client, upstream]) {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
      socket.on('error', () => { client.destroy(); upstream.destroy(); });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  }

  // Resets every connection, in the middle of whatever is under way.
  cut() {
    this.open.forEach((socket) => socket.resetAndDestroy());
  }

  // Accepts new connections but passes nothing on until release().
  hold() {
    this.waiting = [];
  }

  release() {
    const clients = this.waiting;
    this.waiting = null;
    clients.forEach((client) => this.#connect(client));
  }

  // Ends every connection in the orderly way, as a proxy with a time limit does.
  end() {
    this.open.forEach((socket) => socket.end());
  }

  // Cuts what is open, and every new connection at once, until acceptAgain().
  refuse() {
    this.refusing = true;
    this.cut();
  }

  acceptAgain() {
    this.refusing = false;
  }

  async close() {
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }
}
