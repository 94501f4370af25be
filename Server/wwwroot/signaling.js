// Browsers do not show the server's own pings, so silence is measured by our own.
const patience = 10_000;
const shortestPause = 500;
const longestPause = 15_000;

// After any other code the session may still be there, or a new one may be had.
const isFinal = code => code >= 4500 || [1002, 1003, 1007, 1008, 1009].includes(code);

/**
 * A session with the server that this page came from, speaking meshsignal.v1. It outlives its sockets: when one is lost, another takes its place.
 * As long as the server keeps the session, every message arrives once and in order, in both directions. When it does not, a new one begins.
 */
export class Signaling {
  #url;
  #handlers;
  #socket;
  #silent = [];
  #token;
  #unconfirmed;
  #received = 0;
  #isUp = false;
  #unanswered = new Map();
  #lastId = 0;
  #confirmation;
  #tries = 0;
  #toldPause;
  #beat;
  #deadline;
  #pause;

  /** `received` gets every message; `away` is called when the socket is lost and others will be tried, and `closed(code)`, once, when none will be. */
  constructor(username, room, handlers) {
    this.#handlers = handlers;
    this.#url = new URL('ws', location.href);
    this.#url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#url.search = new URLSearchParams({ username, room });
    // If this tab was in a call before, its session may still hold the name.
    const last = lastSession();
    this.#open(last?.username === username ? [`release.${last.token}`] : []);
  }

  /** Whatever is sent while the server is away goes out when it is back. */
  send(type, fields) {
    const message = { type, id: ++this.#lastId, ...fields };
    this.#unanswered.set(message.id, message);
    if (this.#isUp) this.#transmit(message);
  }

  /** The Close frame ends the session. */
  close() {
    clearInterval(this.#beat);
    clearTimeout(this.#pause);
    this.#letGo();
    for (const socket of this.#silent) socket.close(1000);
  }

  #open(former) {
    this.#socket = new WebSocket(this.#url, ['meshsignal.v1', ...former]);
    this.#socket.onclose = ({ code }) => this.#lost(code);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#expectSomething();
  }

  #receive(message) {
    this.#deadline = clearTimeout(this.#deadline);
    if (message.type === 'session-token') this.#begin(message);
    else this.#received++;

    this.#unanswered.delete(message.id);
    if (message.id === this.#confirmation) this.#goOn();
    if (message.type === 'pong') this.#tries = 0;
    if (message.code === 'invalid-token') keep(null);
    if (message.type === 'server-draining') this.#toldPause = message.reconnectAfterMs;
    if (message.type === 'heartbeat-config') {
      clearInterval(this.#beat);
      this.#beat = setInterval(() => this.#isUp && this.#ping(), message.interval);
    }
    if (!this.#isUp) this.#expectSomething(); // more of what was missed, or the answer to our ping
    this.#handlers.received(message);
  }

  #begin({ token, username, resumed }) {
    this.#unconfirmed = resumed ? this.#token : undefined;
    this.#token = token;
    keep({ token, username });
    for (const socket of this.#silent.splice(0)) socket.close(1000); // the session is here now, so this does not end it
    if (!resumed) {
      this.#received = 0;
      this.#unanswered.clear();
      this.#isUp = true;
    }
    this.#confirmation = ++this.#lastId;
    this.#ping({ id: this.#confirmation });
  }

  /** All that was missed has come. What has no answer by now never reached the server. */
  #goOn() {
    if (!this.#isUp) this.#unanswered.forEach(message => this.#transmit(message));
    this.#isUp = true;
    this.#unconfirmed = undefined;
  }

  #ping(fields) {
    this.#transmit({ type: 'ping', received: this.#received, ...fields });
    this.#expectSomething();
  }

  #expectSomething() {
    this.#deadline ??= setTimeout(() => this.#lost(1006), patience);
  }

  #transmit(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ ...message, token: this.#token }));
  }

  #lost(code) {
    this.#letGo();
    if (this.#unconfirmed) {
      // Another attempt of ours, long given up, may have been served in its place. The former token is good until the new one has been used.
      if (code === 4501 || code === 4509) [this.#token, code] = [this.#unconfirmed, 1006];
      this.#unconfirmed = undefined;
    }
    if (this.#token && !isFinal(code)) {
      this.#pause = setTimeout(() => this.#open([`resume.${this.#token}.${this.#received}`]), this.#pauseAfter(code));
      this.#handlers.away();
    } else {
      this.close();
      this.#handlers.closed(code);
    }
  }

  /** A socket that has fallen silent is kept: its Close frame could still get through, and end the session before another socket has it. */
  #letGo() {
    this.#isUp = false;
    this.#deadline = clearTimeout(this.#deadline);
    this.#socket.onclose = this.#socket.onmessage = null;
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.close();
    else this.#silent.push(this.#socket);
  }

  /** As told; else soon, then longer and longer, and at random, lest all come at once. */
  #pauseAfter(code) {
    const told = this.#toldPause;
    this.#toldPause = undefined;
    if (told !== undefined) return told;
    if ([1011, 1012, 1013].includes(code)) this.#tries = Math.max(this.#tries, 3); // it needs some seconds
    return Math.min(longestPause, shortestPause * 2 ** this.#tries++) * (1 + Math.random()) / 2;
  }
}

/** The last session of this tab, the name it had and its token, which a reload survives. */
export function lastSession() {
  try {
    return JSON.parse(sessionStorage.getItem('session'));
  } catch {
    return null; // a browser can be told to keep nothing
  }
}

function keep(session) {
  try {
    sessionStorage.setItem('session', JSON.stringify(session));
  } catch {
    // Then a reload has to wait until the name is free.
  }
}
