// Serves the page, and publishes the tokens of each answer to a topic of its own.
import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {text} from 'node:stream/consumers';
import {setTimeout as pause} from 'node:timers/promises';

const page = readFileSync(new URL('index.html', import.meta.url));

// Stands for a model: here goes the streaming call of yours.
async function* model(question) {
  const words = 'I am only a stub, but my words come one by one. Reload the page or cut its network: none is lost. ';
  for (const token of `You ask: ${question}\n${words.repeat(10)}`.match(/\s*\S+/g)) yield pause(40, token);
}

// Tries until the broker has it; because of the key it is stored once, however often it is sent.
async function publish(topic, data, key) {
  const request = {method: 'POST', headers: {'Idempotency-Key': key}, body: data};
  for (;; await pause(500)) {
    const [done, said] = await fetch(`http://127.0.0.1:8080/topics/${topic}`, request)
      .then(async (response) => [response.ok, await response.text()]).catch((error) => [false, error.message]);
    if (done) return;
    console.error(`Not published, trying again: ${said}`);
  }
}

async function answer(id, question) {
  let count = 0;
  for await (const token of model(question)) await publish(`answers/${id}`, JSON.stringify(token), `${id}-${count += 1}`);
  await publish(`answers/${id}`, 'null', `${id}-end`);
}

createServer(async (request, response) => {
  if (request.method === 'GET') return response.setHeader('Content-Type', 'text/html').end(page);
  if (request.headers.origin !== 'http://127.0.0.1:8000') return response.writeHead(403).end();  // Another page asks.
  const id = randomUUID(), question = new URLSearchParams(await text(request).catch(() => '')).get('question');
  if (question) answer(id, question).catch(console.error);
  response.writeHead(303, {Location: `/#${id}`}).end();
}).listen(8000, '127.0.0.1');
