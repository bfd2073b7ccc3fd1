// A TCP proxy that counts its connections and cuts them, as bad networks do.

import {once} from 'node:events';
import net from 'node:net';

export class CuttingProxy {
  // Forwards to `target` ("127.0.0.1:80"). Ends with the test `t`.
  static async start(t, target) {
    const proxy = new CuttingProxy(target);
    t.after(() => proxy.#close());
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  constructor(target) {
    this.target = target;
    this.open = new Set();
    this.heads = [];       // The request line and headers of each request that was let through.
    this.refusing = false;
    this.cutAfterBytes = undefined;
    this.server = net.createServer((client) => this.#forward(client));
  }

  #forward(client) {
    if (this.refusing) {
      client.destroy();
      return;
    }
    const [host, port] = this.target.split(':');
    const upstream = net.connect(Number(port), host);
    let left = this.cutAfterBytes;
    for (const socket of [client, upstream]) {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
      socket.on('error', () => {});
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.on('data', (bytes) => {
      this.#note(bytes.toString('latin1'));
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      const part = left === undefined ? bytes : bytes.subarray(0, left);
      if (left !== undefined) left -= part.length;
      // What was written is read before the end, so that the cut is where it should be.
      if (left === 0) client.end(part, () => upstream.destroy());
      else if (!client.write(part)) pauseUntilDrained(upstream, client);
    });
  }

  // A preflight and what follows it share a connection; nobody here pipelines.
  #note(text) {
    if (/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(text)) this.heads.push(text.split('\r\n\r\n')[0]);
  }

  // The requests for streams: not preflights, not publishes.
  streams() {
    return this.heads.filter((head) => /^GET \/events/.test(head));
  }

  // Ends every connection, in the middle of whatever is under way.
  cut() {
    this.open.forEach((socket) => socket.destroy());
  }

  // Cuts what is open, and every new connection at once, until acceptAgain().
  refuse() {
    this.refusing = true;
    this.cut();
  }

  acceptAgain() {
    this.refusing = false;
  }

  async #close() {
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }
}

function pauseUntilDrained(source, target) {
  source.pause();
  target.once('drain', () => source.resume());
}
