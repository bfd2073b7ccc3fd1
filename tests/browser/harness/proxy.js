// A TCP proxy whose connections a test can cut, as bad networks do.

import {once} from 'node:events';
import net from 'node:net';

export class CuttingProxy {
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
    this.target = target;
    this.open = new Set();
    this.accepted = 0;
    this.refusing = false;
    this.server = net.createServer((client) => this.#forward(client));
  }

  #forward(client) {
    if (this.refusing) {
      client.destroy();
      return;
    }
    this.accepted += 1;
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
