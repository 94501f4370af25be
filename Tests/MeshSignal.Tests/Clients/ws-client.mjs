// A WebSocket of the npm package "ws" that knows nothing of the server: each line of stdin says what to do, each line of stdout what happened.
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

const [url, ...protocols] = process.argv.slice(2);
const print = (event) => process.stdout.write(JSON.stringify(event) + '\n');
const socket = new WebSocket(url, protocols, { headers: JSON.parse(process.env.HEADERS) });

socket.on('open', () => print({ event: 'open', protocol: socket.protocol, extensions: socket.extensions }));
socket.on('unexpected-response', (request, response) => {
  print({ event: 'refused', status: response.statusCode });
  process.exit();
});
socket.on('message', (data, isBinary) => print({ event: isBinary ? 'binary' : 'message', text: data.toString() }));
socket.on('pong', (data) => print({ event: 'pong', text: data.toString() }));
socket.on('error', (error) => print({ event: 'error', text: error.message }));
socket.on('close', (code, reason) => {
  print({ event: 'close', code, reason: reason.toString() });
  process.exit();
});

const actions = {
  text: (value) => socket.send(value),
  binary: (value) => socket.send(Buffer.from(value)),
  ping: (value) => socket.ping(value),
  close: (value) => socket.close(value),
  abort: () => socket.terminate(),
};
const input = createInterface({ input: process.stdin });
input.on('line', (line) => Object.entries(JSON.parse(line)).forEach(([action, value]) => actions[action](value)));
input.on('close', () => socket.terminate());
