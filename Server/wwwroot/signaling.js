// Browsers do not show the server's own pings, so silence is measured by our own.
const pongPatience = 10_000;

/** One WebSocket to the server that this page came from, speaking meshsignal.v1. */
export class Signaling {
  #socket;
  #token;
  #beat;
  #deadline;
  #closed;

  /** `received` gets every message, and `closed` the close code, once, unless it was our own `close`. */
  constructor(username, room, { received, closed }) {
    this.#closed = closed;
    const url = new URL('ws', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = new URLSearchParams({ username, room });
    this.#socket = new WebSocket(url, 'meshsignal.v1');
    this.#socket.onclose = ({ code }) => this.#lost(code);
    this.#socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'session-token') this.#token = message.token;
      else if (message.type === 'heartbeat-config') this.#beat = setInterval(() => this.#ping(), message.interval);
      else if (message.type === 'pong') this.#deadline = clearTimeout(this.#deadline);
      received(message);
    };
  }

  send(type, fields) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, token: this.#token, ...fields }));
  }

  close() {
    clearInterval(this.#beat);
    clearTimeout(this.#deadline);
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close(1000);
  }

  #ping() {
    this.send('ping');
    this.#deadline ??= setTimeout(() => this.#lost(1006), pongPatience);
  }

  #lost(code) {
    this.close();
    this.#closed(code);
  }
}
