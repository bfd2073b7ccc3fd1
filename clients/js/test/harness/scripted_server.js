// An HTTP server whose answers a test writes down, one for each request; the last one is repeated.

import {once} from 'node:events';
import {createServer} from 'node:http';

export const STREAM = {'Content-Type': 'text/event-stream'};

// An answer: `hold` leaves the stream open, `cut` breaks the connection after the body.
export function stream(body, {hold = false, cut = false} = {}) {
  return {status: 200, headers: STREAM, body, hold, cut};
}

export function problem(status, detail, headers = {}) {
  return {status, headers: {'Content-Type': 'application/problem+json', ...headers}, body: JSON.stringify({status, detail})};
}

async function bodyOf(request) {
  let body = '';
  for await (const part of request) body += part;
  return body;
}

export async function serve(t, ...answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const index = requests.push({method: request.method, url: request.url, headers: request.headers}) - 1;
    requests[index].body = await bodyOf(request).catch(() => '');
    const {status, headers, body = '', hold, cut} = answers[Math.min(index, answers.length - 1)];
    if (status === undefined) {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, headers);
    response.flushHeaders();
    if (hold) response.write(body);
    else if (cut) response.write(body, () => request.socket.destroy());
    else response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return {url: `http://127.0.0.1:${server.address().port}`, requests};
}
