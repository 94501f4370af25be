/**
 * MeshSignal in the browser: calls of 2 to 8 people, each connected with each, introduced to one another by a MeshSignal server. No dependencies.
 * `join` makes a call; `Signaling` is the wire protocol alone, for those who bring their own WebRTC. Types: meshsignal.d.ts. Sections: PROTOCOL.md.
 */
const pingEvery = 15_000; // browsers do not show the server's own pings, so silence is measured by ours
const patience = { answer: 10_000, joining: 20_000, gathering: 1_000, connecting: 30_000 }; // who has found no way at all does not even fail to connect
const pauses = { shortest: 500, longest: 15_000, longestInGrace: 4_000 }; // in grace the server still keeps the session for us
const restarts = [5_000, 10_000, 20_000, 30_000]; // pauses between ICE restarts
const kinds = ['audio', 'video'];
const most = { atOnce: 262_144, queued: 1_048_576 }; // bytes over a data channel, of which browsers do not agree on more in one message
// What a Close means where no error was told before it, section 13.
const closings = {
  4002: 'not-authenticated', 4501: 'not-authenticated', 4503: 'banned', 4504: 'kicked', 4509: 'replaced', 4510: 'name-taken', 4511: 'invalid-name',
};
const isFinal = code => code >= 4500 || [1002, 1003, 1007, 1008, 1009].includes(code);
const refusals = { // of getUserMedia
  NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'not-found', NotReadableError: 'in-use', AbortError: 'in-use',
  OverconstrainedError: 'constraint',
};

/** What every promise of this module rejects with. Branch on `code`, which is from section 10 or one of our own; the text is for people. */
export class MeshSignalError extends Error {
  constructor(code, message = code, details = {}) {
    super(message);
    Object.assign(this, { name: 'MeshSignalError', code, retryable: false }, details);
  }

  static from({ type, error, code, timestamp, id, ...details }) { return new MeshSignalError(code, error, details); }
  static ofDevice(cause) { return new MeshSignalError(refusals[cause.name] ?? 'unsupported', cause.message || undefined, { cause }); }
}

/**
 * A session with a server, speaking meshsignal.v1. It outlives its sockets: when one is lost, another takes its place.
 * As long as the server keeps the session, every message arrives once and in order, in both directions. When it does not, a new one begins.
 * Events: one for each type of message, with the message as `detail`; `state`; `error`, for what was answered to no promise.
 */
export class Signaling extends EventTarget {
  #options; #url; #opened; #ears; #state = 'idle';
  #attempt = 0; #socket; #silent = [];
  #token; #unconfirmed; #grace = 0; #received = 0;
  #pending = new Map(); #lastId = 0; #confirmation;
  #beat; #deadline; #pause; #toldPause; #tries = 0; #lostAt; #refusal;

  /** `token`: a join token (section 2) or a function that gets one. `handover`: a Storage of this tab, by which a page loaded anew has its name at once. */
  constructor({ url = new URL('ws', import.meta.url), username, room, chat = false, token, handover }) {
    super();
    this.#options = { username, room, token, handover };
    this.#url = new URL(url, import.meta.url);
    this.#url.protocol = this.#url.protocol.replace('http', 'ws');
    this.#url.search = new URLSearchParams({ ...(username && { username }), ...(room && { room }), ...(chat && { chat: 'on' }) });
  }

  /** idle, connecting, open, away (a socket was lost and others are tried) or closed. */
  get state() { return this.#state; }

  /** Resolves with the first `session-token`. */
  open() {
    return new Promise((resolve, reject) => {
      this.#opened = { resolve, reject };
      this.#change('connecting');
      this.#listen();
      this.#connect(this.#takeFormer());
    });
  }

  /** Resolves with the answer: the request's own reply, or an `ack`. While the server is away it waits; a new session rejects it, `session-lost`. */
  request(type, fields) {
    return new Promise((resolve, reject) => {
      if (['idle', 'closed'].includes(this.#state)) return reject(new MeshSignalError('session-lost', 'There is no session.'));
      const message = { type, id: ++this.#lastId, ...fields };
      this.#pending.set(message.id, { message, resolve, reject });
      if (this.#state === 'open') this.#transmit(message);
    });
  }

  /** The same for whoever wants no answer: a refusal is an `error` event. */
  send(type, fields) { this.request(type, fields).catch(error => error.code === 'session-lost' || this.#emit('error', error)); }
  join({ room = this.#options.room, mediaTypes = [], previousPeerId } = {}) { return this.request('webrtc-join', { room, mediaTypes, previousPeerId }); }
  leave() { return this.request('webrtc-leave'); }
  /** Any value but null, for libraries with messages of their own. */
  signal(targetUsername, signal, targetPeerId) { return this.request('webrtc-signal', { targetUsername, targetPeerId, signal }); }
  /** The Close frame ends the session. */
  close() { this.#end(new MeshSignalError('session-lost', 'The session was closed.'), 'left'); }

  async #connect(former) {
    const attempt = ++this.#attempt;
    const { token } = this.#options;
    this.#expectSomething();
    try {
      // Asked for each time: an earlier one may have expired, and a session that is there no more needs one. Who resumes can do without.
      const credential = typeof token !== 'function' ? token : await (async () => token())().catch(error => { if (!this.#token) throw error; });
      if (attempt !== this.#attempt) return;
      this.#socket = new WebSocket(this.#url, ['meshsignal.v1', ...former, ...(credential ? [`bearer.${credential}`] : [])]);
      this.#socket.onclose = ({ code }) => this.#lost(code);
      this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    } catch (cause) {
      this.#end(new MeshSignalError(token ? 'not-authenticated' : 'unreachable', cause?.message, { cause }));
    }
  }

  #receive(message) {
    this.#deadline = clearTimeout(this.#deadline);
    if (message.type === 'session-token') this.#begin(message);
    else this.#received++;
    if (message.id !== undefined && message.id === this.#confirmation) this.#goOn();
    if (message.type === 'pong') this.#tries = 0;
    if (message.type === 'server-draining') this.#toldPause = message.reconnectAfterMs;
    // Until all that was missed has come, and our ping was answered, something must follow: a network that dies meanwhile tells nobody.
    if (this.#state !== 'open') this.#expectSomething();
    const request = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === 'webrtc-error') {
      const error = MeshSignalError.from(message);
      if (request) return request.reject(error);
      this.#refusal = error; // if a Close is next, this is why
      if (this.#token) this.#emit('error', error);
    }
    request?.resolve(message);
    this.#emit(message.type, message);
  }

  #begin(message) {
    const { token, resumed, resumeGraceMs } = message;
    [this.#unconfirmed, this.#token, this.#grace, this.#refusal] = [resumed ? this.#token : undefined, token, resumeGraceMs];
    for (const socket of this.#silent.splice(0)) socket.close(1000); // the session is here now, so this does not end it
    if (!resumed) {
      this.#received = 0;
      this.#abandon(new MeshSignalError('session-lost', 'The session ended before this was answered.', { retryable: true }));
      this.#change('open', { resumed });
    }
    this.#beat ??= setInterval(() => this.#state === 'open' && this.#ping(), pingEvery);
    this.#confirmation = ++this.#lastId;
    this.#ping({ id: this.#confirmation });
    this.#opened.resolve(message);
  }

  /** All that was missed has come. What has no answer by now never reached the server. */
  #goOn() {
    this.#unconfirmed = this.#lostAt = undefined;
    if (this.#state === 'open') return;
    for (const { message } of this.#pending.values()) this.#transmit(message);
    this.#change('open', { resumed: true });
  }

  #ping(fields) {
    this.#transmit({ type: 'ping', received: this.#received, ...fields });
    this.#expectSomething();
  }

  #expectSomething() { this.#deadline ??= setTimeout(() => this.#lost(1006), patience.answer); }
  #transmit(message) { if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ ...message, token: this.#token })); }

  #lost(code) {
    this.#letGo();
    if (this.#unconfirmed) {
      // Another attempt of ours, long given up, may have been served in its place. The former token is good until the new one has been used.
      if (code === 4501 || code === 4509) [this.#token, code, this.#refusal] = [this.#unconfirmed, 1006];
      this.#unconfirmed = undefined;
    }
    if (!this.#token || isFinal(code)) {
      // An error before the Close says more; but who is kicked hears `forbidden`, like many others.
      const why = closings[code] ?? (this.#token ? 'session-lost' : 'unreachable');
      const plain = new MeshSignalError(why, this.#refusal?.message, { retryable: !isFinal(code) });
      return this.#end(code === 4504 ? plain : this.#refusal ?? plain);
    }
    const [isTold, retryInMs] = [this.#toldPause !== undefined, this.#pauseAfter(code)];
    this.#pause = { isTold, timer: setTimeout(() => this.#again(), retryInMs) };
    this.#change('away', { retryInMs });
  }

  #again() {
    this.#pause = clearTimeout(this.#pause.timer);
    this.#connect([`resume.${this.#token}.${this.#received}`]);
  }

  /** A socket that has fallen silent is kept: its Close frame could still get through, and end the session before another socket has it. */
  #letGo() {
    const socket = this.#socket;
    this.#attempt++;
    this.#socket = this.#deadline = clearTimeout(this.#deadline);
    if (socket) socket.onclose = socket.onmessage = null;
    if (socket?.readyState === WebSocket.CONNECTING) socket.close();
    else if (socket) this.#silent.push(socket);
  }

  /** As told; else soon, then longer and longer, and at random, lest all come at once. */
  #pauseAfter(code) {
    const told = this.#toldPause;
    this.#toldPause = undefined;
    if (told !== undefined) return told;
    this.#lostAt ??= performance.now();
    const isBusy = [1011, 1012, 1013].includes(code);
    if (isBusy) this.#tries = Math.max(this.#tries, 4); // it needs some seconds
    const isKept = !isBusy && performance.now() - this.#lostAt < this.#grace;
    return Math.min(isKept ? pauses.longestInGrace : pauses.longest, pauses.shortest * 2 ** this.#tries++) * (1 + Math.random()) / 2;
  }

  #end(error, reason = error.code) {
    if (this.#state === 'closed') return;
    clearInterval(this.#beat);
    clearTimeout(this.#pause?.timer);
    this.#letGo();
    for (const socket of this.#silent) socket.close(1000);
    this.#ears?.abort();
    this.#change('closed', { reason, error });
    this.#opened?.reject(error);
    this.#abandon(error);
  }

  #abandon(error) {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  /** A network or a page that wakes up does not wait; but a server that has said when to come is obeyed. */
  #listen() {
    this.#ears = new AbortController();
    const hear = (event, action) => globalThis.addEventListener?.(event, action, { signal: this.#ears.signal, capture: true });
    for (const event of ['online', 'pageshow', 'visibilitychange', 'resume']) hear(event, () => {
      if (this.#state === 'open' && !globalThis.document?.hidden) this.#ping();
      else if (this.#pause?.isTold === false) this.#again();
    });
    // The token is kept when the page goes and not before: a tab that is duplicated would take the session along.
    hear('pagehide', () => {
      if (this.#token) this.#options.handover?.setItem('meshsignal', JSON.stringify({ username: this.#options.username, token: this.#token }));
      this.close();
    });
  }

  /** What this tab had before it was loaded anew may still hold the name. */
  #takeFormer() {
    const { handover, username } = this.#options;
    const former = JSON.parse(handover?.getItem('meshsignal') ?? null);
    handover?.removeItem('meshsignal');
    return former && former.username === username ? [`release.${former.token}`] : [];
  }

  #change(state, detail) {
    this.#state = state;
    this.#emit('state', { state, ...detail });
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

/**
 * One other in the room, and the RTCPeerConnection to them: perfect negotiation (W3C webrtc-pc) by the `polite` roles of section 6.
 * Its steps are in a queue: a step sees what the one before it left, so there are no flags for what is under way.
 */
class Peer {
  stream = new MediaStream(); status = 'connecting';
  #host; #steps = Promise.resolve(); #early = []; #path; #problem; #mending; #failures = 0; #mayOffer = false;

  /** `host`: our `stream` and `tracks()`, which kinds we `may(kind)` send, `configuration()`; `send(peer, type, fields)`, `emit(type, detail)`, `lose(peer)`. */
  constructor({ username, profile, ...met }, host) {
    Object.assign(this, { username, profile, isLegacy: profile === 'legacy' });
    this.#host = host;
    this.meet(met);
    this.#open();
  }

  /** What the server says of a stay: `away` while its socket is lost, `missed` while the server does not know it, or us, any more. */
  meet({ peerId, polite, mediaTypes, status = 'connected' }) {
    Object.assign(this, { peerId, polite, away: status !== 'connected', missed: false });
    this.setMedia(mediaTypes);
  }

  setMedia(mediaTypes) { for (const type of ['audio', 'video', 'screen']) this[type] = mediaTypes.includes(type); }

  /** Whether media flows, or may flow again by itself. */
  get isAlive() { return ['connected', 'disconnected'].includes(this.connection.connectionState); }

  #open() {
    const connection = this.connection = new RTCPeerConnection(this.#host.configuration());
    this.#mending = setTimeout(() => this.mend(), patience.connecting);
    connection.onnegotiationneeded = () => this.#step(() => this.#offer());
    connection.onconnectionstatechange = () => this.#look();
    connection.onicecandidate = ({ candidate }) => {
      // A legacy peer discards what comes before it has our description; `buffer` makes the server wait for its answer.
      // The end, null, is sent like any other: by it the server knows that no relay is to be expected.
      this.#host.send(this, 'webrtc-ice-candidate', { candidate, buffer: connection.remoteDescription === null || undefined }).catch(this.#complain);
    };
    connection.ontrack = ({ track }) => {
      if (this.stream.getTracks().includes(track)) return;
      this.stream.addTrack(track);
      track.onended = () => this.stream.removeTrack(track);
      this.#host.emit('track', { peer: this, track, stream: this.stream });
    };
    if (!this.isLegacy) {
      this.channel = connection.createDataChannel('meshsignal', { negotiated: true, id: 0 });
      this.channel.binaryType = 'arraybuffer';
      this.channel.onmessage = ({ data }) => this.#host.emit('message', { peer: this, data });
    }
    // Who was there first describes the call, both ways even for what nobody sends yet: so `replaceTrack` is enough later. What we may not send we can still receive.
    // A newcomer adds nothing by itself: transceivers that both sides had made would not merge.
    const { stream, tracks, may } = this.#host;
    if (!this.polite) for (const kind of kinds) connection.addTransceiver(tracks()[kind] ?? kind, { direction: may(kind) ? 'sendrecv' : 'recvonly', streams: [stream] });
  }

  describe(type, description) {
    this.#step(async () => {
      if (typeof description === 'string') description = { type, sdp: description };
      if (type === 'offer') {
        const { signalingState, remoteDescription } = this.connection;
        if (!this.polite && !this.isLegacy && (signalingState !== 'stable' || !remoteDescription)) return; // ours stands, or is about to come
        if (remoteDescription && origin(remoteDescription) !== origin(description)) {
          this.rebuild(); // the other side began afresh
          if (!this.polite && !this.isLegacy) return;
        }
        const { connection } = this;
        await connection.setRemoteDescription(description); // takes our own open offer back
        await this.#joinIn();
        await connection.setLocalDescription();
        // Candidates right behind the answer find a legacy peer still busy with it, and are lost. So let the answer contain them.
        if (this.isLegacy) await gathered(connection);
        this.#tell('answer');
      } else if (this.connection.signalingState === 'have-local-offer') {
        const { currentRemoteDescription: former } = this.connection;
        if (former && !this.polite && origin(former) !== origin(description)) return this.rebuild(true); // to offer it what the other side's new one can answer
        await this.connection.setRemoteDescription(description);
      }
      for (const candidate of this.#early.splice(0)) await this.#add(candidate);
    });
  }

  candidate(candidate) { if (candidate) this.#step(() => this.connection.remoteDescription ? this.#add(candidate) : this.#early.push(candidate)); }
  replace(kind, track = null) { return this.#transceiver(kind)?.sender.replaceTrack(track); }

  /** After a session was lost, ours or theirs, and with it what was on its way. */
  goOn() {
    this.#step(() => {
      if (this.connection.signalingState === 'have-local-offer') this.#tell('offer');
      if (this.connection.connectionState !== 'connected' && !this.polite) this.connection.restartIce();
    });
  }

  /** What is connected stays so; new servers count when ICE is restarted. */
  renew() { this.connection.setConfiguration({ ...this.connection.getConfiguration(), ...this.#host.configuration() }); }

  /** For what no connection that is there can be changed to. `isOurs`: we begin, and the other side has to hear of it even if it is the one to offer. */
  rebuild(isOurs = false) {
    this.close();
    if (isOurs) this.#steps = Promise.resolve(); // what a closed connection was asked is never answered, and would be waited for
    this.#mayOffer = isOurs;
    this.stream.getTracks().forEach(track => this.stream.removeTrack(track));
    this.#open();
    this.show();
  }

  /** Restarts ICE, and again with growing pauses as long as it is needed. */
  mend() {
    clearTimeout(this.#mending);
    if (this.connection.connectionState === 'connected') return;
    this.#mending = setTimeout(() => this.mend(), restarts[this.#failures] ?? restarts.at(-1));
    const isHopeless = this.#failures++ === restarts.length;
    if (isHopeless) {
      this.fail('link-failed');
      this.#complain(new MeshSignalError('link-failed', `No connection to ${this.username}.`, { targetUsername: this.username, retryable: true }));
    }
    if (isHopeless && !this.polite) this.rebuild(true);
    else this.connection.restartIce();
  }

  /** Until there is a connection all the same, that is what there is to say. */
  fail(code) {
    if (this.connection.connectionState !== 'connected') this.#problem = code;
    this.show();
  }

  close() {
    clearTimeout(this.#mending);
    for (const event of ['track', 'negotiationneeded', 'icecandidate', 'connectionstatechange']) this.connection[`on${event}`] = null;
    this.connection.close();
  }

  /** Tells how it is by now, if that is news. */
  show(isNews = false) {
    const { status: previous, connection: { connectionState } } = this;
    const isWell = connectionState === 'connected' && !this.away && !this.missed;
    const isFirst = !this.#path && ['new', 'connecting', 'connected'].includes(connectionState) && !this.away;
    this.status = this.#problem ? 'failed' : isFirst ? 'connecting' : isWell ? this.#path : 'reconnecting';
    this.problem = this.#problem;
    if (isNews || previous !== this.status) this.#host.emit('peerstatus', { peer: this, previous });
  }

  async #look() {
    const { connectionState } = this.connection;
    if (connectionState === 'connected') {
      this.#mending = this.#problem = clearTimeout(this.#mending);
      this.#failures = 0;
      this.#path = await pathOf(this.connection);
    } else if (this.missed && !this.isAlive) {
      return this.#host.lose(this);
    } else if (['failed', 'disconnected'].includes(connectionState) && this.#failures === 0) {
      // What is interrupted mostly comes back by itself. One side restarts and the other answers; if it does not, it is the other's turn.
      clearTimeout(this.#mending);
      this.#mending = setTimeout(() => this.mend(), (connectionState === 'failed' ? 0 : 3_000) + (this.polite && !this.isLegacy ? 2_000 : 0));
    }
    this.show();
  }

  /** Sends what we have in whatever the other side has described. */
  async #joinIn() {
    for (const kind of kinds.filter(this.#host.may)) {
      const [track, transceiver] = [this.#host.tracks()[kind], this.#transceiver(kind)];
      if (!transceiver && track && !this.isLegacy) this.connection.addTrack(track, this.#host.stream);
      if (!transceiver || transceiver.direction === 'sendrecv') continue;
      transceiver.direction = 'sendrecv';
      transceiver.sender.setStreams(this.#host.stream);
      await transceiver.sender.replaceTrack(track ?? null);
    }
  }

  /** The event comes again when the state is stable. Who came later waits for the first offer. */
  async #offer() {
    if (this.connection.signalingState !== 'stable' || (this.polite && !this.connection.remoteDescription && !this.#mayOffer)) return;
    await this.connection.setLocalDescription();
    this.#tell('offer');
  }

  #tell(type) {
    const { connection } = this;
    const { signalingState } = connection;
    this.#host.send(this, `webrtc-${type}`, { [type]: connection.localDescription }).catch(error => {
      if (!error.retryAfterMs) return this.#complain(error);
      setTimeout(() => connection === this.connection && connection.signalingState === signalingState && this.#tell(type), error.retryAfterMs);
    });
  }

  #complain = error => error.code === 'session-lost' || this.#host.emit('error', error);

  async #add(candidate) {
    const init = typeof candidate === 'string' ? { candidate, sdpMLineIndex: 0 } : candidate;
    // Candidates of an offer that lost a collision may still come; they belong to no description we have.
    const fragment = init.usernameFragment;
    if (!fragment || this.connection.remoteDescription.sdp.includes(`a=ice-ufrag:${fragment}\r\n`)) await this.connection.addIceCandidate(init);
  }

  #transceiver(kind) { return this.connection.getTransceivers().find(({ receiver, direction }) => receiver.track.kind === kind && direction !== 'stopped'); }

  #step(action) {
    this.#steps = this.#steps.then(action).catch(cause => {
      if (this.connection.signalingState === 'closed') return;
      this.#complain(new MeshSignalError('negotiation', cause.message, { cause, targetUsername: this.username }));
    });
  }
}

/** A connection says the same in each of its descriptions (RFC 8866 section 5.2), and no other one says that. */
const origin = ({ sdp }) => /^o=\S+ (\S+)/m.exec(sdp)?.[1];

async function gathered(connection) {
  const late = new Promise(resolve => setTimeout(resolve, patience.gathering));
  const look = resolve => connection.addEventListener('icegatheringstatechange', () => connection.iceGatheringState === 'complete' && resolve());
  if (connection.iceGatheringState !== 'complete') await Promise.race([late, new Promise(look)]);
}

async function pathOf(connection) {
  const reports = await connection.getStats();
  const all = [...reports.values()];
  const pair = reports.get(all.find(report => report.type === 'transport')?.selectedCandidatePairId) ?? all.find(report => report.nominated);
  return [pair?.localCandidateId, pair?.remoteCandidateId].some(id => reports.get(id)?.candidateType === 'relay') ? 'relayed' : 'direct';
}

async function openDevices(constraints) {
  if (!navigator.mediaDevices) throw new MeshSignalError('unsupported', 'Browsers give cameras and microphones to secure pages only.');
  return (await navigator.mediaDevices.getUserMedia(constraints).catch(cause => { throw MeshSignalError.ofDevice(cause); })).getTracks();
}

/**
 * One visit to a room. A lost server ends nothing: media does not pass through it. Each side keeps its connections, and finds the other again by the
 * `peerId` that it knew. Events: peerjoined, peerleft, peerstatus, track, message, chat, local, state, error.
 */
export class Call extends EventTarget {
  state = 'connecting'; peers = new Map();
  #options; #signaling; #config; #host; #held = [];
  #stream = new MediaStream(); #own = {}; #maySpeak = true; #borrowed = []; #work = Promise.resolve();

  /** For `join`, which does the rest. */
  constructor({ media = { audio: true, video: true }, ...options }) {
    super();
    Object.assign(this, { room: options.room, username: options.username });
    this.#options = { ...options, media: { ...media } };
    this.#host = {
      stream: this.#stream,
      tracks: () => ({ audio: this.#own.audio, video: this.#own.screen ?? this.#own.video }),
      may: kind => kind === 'audio' ? this.#maySpeak : this.#config.allowVideo || this.#config.allowScreenShare,
      configuration: () => ({ iceServers: this.#config.iceServers, iceTransportPolicy: this.#config.iceTransportPolicy }),
      send: async (peer, type, fields) => {
        if (peer.missed) throw new MeshSignalError('session-lost');
        return this.#signaling.request(type, { targetUsername: peer.username, targetPeerId: peer.peerId, ...fields });
      },
      emit: (type, detail) => type === 'error' ? this.#complain(detail) : this.#emit(type, detail),
      lose: peer => this.#forget(peer, 'lost'),
    };
  }

  static async join(options) {
    const call = new Call(options);
    let [late, timer] = [];
    try {
      await call.#openMedia();
      timer = setTimeout(() => call.#end(late = new MeshSignalError('timeout', 'The server takes too long.', { retryable: true })), patience.joining);
      await call.#start();
      return call;
    } catch (error) {
      call.#end(error);
      throw late ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  get config() {
    const { allowVideo, allowScreenShare, iceTransportPolicy, maxParticipants } = this.#config;
    return { allowVideo, allowScreenShare, relay: iceTransportPolicy === 'relay', maxParticipants };
  }

  get local() {
    return { stream: this.#stream, audio: this.#own.audio?.enabled ?? false, video: Boolean(this.#own.video), screen: Boolean(this.#own.screen) };
  }

  /** Off mutes, and leaves the device open: closing it makes headsets change their mode. Constraints or a track: another device. */
  async setAudio(on) {
    const { audio } = this.#own;
    if (audio && typeof on === 'boolean') audio.enabled = on;
    if (audio ? typeof on === 'boolean' : !on) return this.#announce();
    return this.#switch('audio', on, audio?.enabled ?? true);
  }

  /** Off closes the camera, and its light goes out. Constraints or a track: another camera. */
  async setVideo(on) {
    if (on && !this.#config.allowVideo) throw new MeshSignalError('media-not-allowed', 'Video is not allowed in this room.');
    if (on === true && this.#own.video) return;
    if (!(on instanceof MediaStreamTrack)) await this.#adopt('video'); // many phones open one camera at a time
    if (on) await this.#switch('video', on, true);
  }

  /** In place of the camera, which goes on afterwards. To be called at once when the user asks for it, as browsers demand. */
  async shareScreen(on = true) {
    if (on && !this.#config.allowScreenShare) throw new MeshSignalError('media-not-allowed', 'Screens are not shared in this room.');
    const stream = on && await navigator.mediaDevices.getDisplayMedia(on === true ? { video: true } : on).catch(cause => {
      throw cause.name === 'NotAllowedError' ? new MeshSignalError('screen-cancelled') : MeshSignalError.ofDevice(cause);
    });
    const track = stream ? stream.getVideoTracks()[0] : undefined;
    if (track) track.contentHint = 'detail';
    await this.#adopt('screen', track);
  }

  /** Over the data channels, at most 262 144 bytes; answers with the names of those it was sent to. */
  send(data, to) {
    const size = typeof data === 'string' ? new TextEncoder().encode(data).length : data.byteLength;
    if (size > most.atOnce) throw new MeshSignalError('too-large', 'At most 262144 bytes at once.');
    const reached = [...this.peers.values()].filter(({ username, channel }) =>
      (to ?? username) === username && channel?.readyState === 'open' && channel.bufferedAmount + size <= most.queued);
    for (const { channel } of reached) channel.send(data);
    return reached.map(({ username }) => username);
  }

  /** In the server's chat, if `chat` was asked for: everybody in the room reads it, also who comes later. */
  async say(content) { await this.#signaling.request('chat', { content }); }
  /** Tries anew, and at once, to reach one, or all who are not reached. */
  restart(username) { for (const peer of this.peers.values()) if ((username ?? peer.username) === peer.username) peer.mend(); }
  /** Never fails, and may be called twice. */
  async leave() { this.#end(); }

  async #openMedia() {
    const { stream, ownsStream, media } = this.#options;
    const wanted = stream ? [] : kinds.filter(kind => media[kind]);
    const all = Object.fromEntries(wanted.map(kind => [kind, media[kind]]));
    // Asked for together, one that is missing fails both; so then each by itself, and we go with what there is.
    let tracks = stream?.getTracks() ?? [];
    if (!ownsStream) this.#borrowed = [...tracks];
    if (wanted.length === 2) tracks = await openDevices(all).catch(() => []);
    if (!tracks.length) for (const kind of wanted) tracks.push(...await openDevices({ [kind]: media[kind] }).catch(error => this.#emit('error', error) ?? []));
    for (const track of tracks) await this.#adopt(track.kind, track);
  }

  async #start() {
    const about = action => message => {
      // Only if it is still the one we know by that name.
      const peer = this.peers.get(message.fromUsername ?? message.username);
      if (peer && (message.fromPeerId ?? message.peerId ?? peer.peerId) === peer.peerId) action(peer, message);
    };
    const handlers = {
      'state': change => this.#follow(change),
      'error': error => this.#complain(error),
      'session-token': ({ username }) => { this.username = username; },
      'webrtc-peer-joined': met => this.#meet(met),
      'webrtc-peer-left': about((peer, { reason }) => ['expired', 'disconnected'].includes(reason) ? this.#miss(peer, reason) : this.#forget(peer, reason)),
      'webrtc-peer-status': about((peer, { status }) => { peer.away = status !== 'connected'; peer.show(); }),
      'webrtc-media-changed': about((peer, { mediaTypes }) => { peer.setMedia(mediaTypes); peer.show(true); }),
      'webrtc-offer': about((peer, { offer }) => peer.describe('offer', offer)),
      'webrtc-answer': about((peer, { answer }) => peer.describe('answer', answer)),
      'webrtc-ice-candidate': about((peer, { candidate }) => peer.candidate(candidate)),
      'webrtc-ice-servers': ({ iceServers }) => this.#configure({ ...this.#config, iceServers }),
      'webrtc-policy-changed': ({ config }) => this.#configure({ ...this.#config, ...config }),
      'history': ({ messages }) => messages.forEach(message => this.#emit('chat', { ...message, isHistory: true })),
      'chat': message => this.#emit('chat', message),
      'system': ({ text }) => this.#emit('chat', { username: null, text }),
    };
    this.#signaling = new Signaling(this.#options);
    for (const [type, handle] of Object.entries(handlers)) this.#signaling.addEventListener(type, ({ detail }) => handle(detail));
    await this.#signaling.open();
    await this.#enter();
    // Whoever adds listeners right behind `await join` misses nothing: what comes until then is told in a task of its own.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      const held = this.#held;
      this.#held = undefined;
      for (const event of held) this.dispatchEvent(event);
    };
    port2.postMessage(null);
  }

  /** If there was a session before, the others know us by the `peerId` that we had in it. */
  async #enter() {
    const asked = this.#mediaTypes;
    const { peerId, participants, config } = await this.#signaling.join({ mediaTypes: asked, previousPeerId: this.peerId });
    Object.assign(this, { peerId });
    this.#config = config;
    // Rooms have no word for it, but a join token can leave out sound: then the server has crossed it off our list.
    const granted = participants.find(met => met.peerId === peerId).mediaTypes;
    this.#maySpeak = granted.includes('audio') || !asked.includes('audio');
    for (const met of participants) if (met.peerId !== peerId) this.#meet(met); // at once: their offers are on the way
    if (!config.allowVideo && this.#own.video) await this.#adopt('video');
    if (!this.#maySpeak) await this.#adopt('audio');
    this.#change({ state: 'connected', resumed: false });
  }

  #follow({ state, resumed, retryInMs, reason, error }) {
    if (state === 'closed') return this.#end(error, reason);
    if (this.state === 'connecting') return;
    if (state === 'away') return this.#change({ state: 'reconnecting', retryInMs });
    if (resumed) this.#change({ state: 'connected', resumed });
    for (const peer of this.peers.values()) resumed ? peer.isAlive || peer.mend() : this.#miss(peer, 'lost');
    if (!resumed) this.#enter().catch(failure => failure.code === 'session-lost' || this.#end(failure));
  }

  #meet(met) {
    const known = this.peers.get(met.username);
    const isSame = known?.isAlive && [met.peerId, met.previousPeerId].includes(known.peerId);
    if (known && !isSame) this.#forget(known, 'lost');
    const peer = isSame ? known : new Peer(met, this.#host);
    peer.metAs = this.peerId;
    this.peers.set(peer.username, peer);
    if (!isSame) return this.state === 'connecting' || this.#emit('peerjoined', { peer });
    peer.meet(met);
    peer.renew();
    peer.goOn();
    peer.show(true);
  }

  /**
   * The server has lost sight of this peer, or of us. What flows is kept until it ends, or until we meet again.
   * Not if the other cannot recognise us: legacy peers never do, and others do not know a stay of ours in which they were not there.
   */
  #miss(peer, reason) {
    if (peer.isLegacy || peer.metAs !== this.peerId || !peer.isAlive) return this.#forget(peer, reason);
    peer.missed = true;
    peer.show();
  }

  #forget(peer, reason) {
    peer.close();
    this.peers.delete(peer.username);
    this.#emit('peerleft', { peer, reason });
  }

  /** An ICE restart would leave a direct way in use where only relays are allowed now. So then all connections are made anew. */
  async #configure(config) {
    const rules = () => this.#config.iceTransportPolicy + kinds.filter(this.#host.may);
    const [former, peers] = [rules(), [...this.peers.values()]];
    this.#config = config;
    if (!config.allowVideo && this.#own.video) this.#adopt('video');
    if (!config.allowScreenShare && this.#own.screen) this.#adopt('screen');
    if (rules() === former) return peers.forEach(peer => peer.renew());
    if (!peers.some(({ isLegacy }) => isLegacy)) return peers.forEach(peer => peer.rebuild(true));
    for (const peer of peers) this.#forget(peer, 'lost'); // legacy peers make another connection only for one who comes anew
    await this.#signaling.leave().then(() => this.#enter()).catch(error => error.code === 'session-lost' || this.#end(error));
  }

  get #mediaTypes() {
    const { audio, video, screen } = this.local;
    return [audio && 'audio', video && !screen && 'video', screen && 'screen'].filter(Boolean);
  }

  /** `to` is true for the device there was or the usual one, constraints, or a track, which stays its giver's. */
  async #switch(own, to, enabled) {
    const { media } = this.#options;
    if (to instanceof MediaStreamTrack) this.#borrowed.push(to);
    else if (to !== true) media[own] = to;
    const lent = to === true && this.#borrowed.find(track => track.kind === own && track.readyState === 'live');
    const track = to instanceof MediaStreamTrack ? to : lent || (await openDevices({ [own]: media[own] || true }))[0];
    track.enabled = enabled;
    await this.#adopt(own, track);
  }

  /** `own` is audio, video (the camera) or screen. The stream stays the same, so that nothing that shows it has to be told. One change after the other. */
  #adopt(own, track) {
    return this.#work = this.#work.then(async () => {
      const former = this.#own[own];
      if (former !== track && !this.#borrowed.includes(former)) former?.stop();
      this.#own[own] = track;
      if (track) track.onended = () => this.#own[own] === track && this.#replaceEnded(own);
      const kind = own === 'audio' ? own : 'video';
      const outgoing = this.#host.tracks()[kind];
      for (const old of this.#stream.getTracks()) if (old.kind === kind && old !== outgoing) this.#stream.removeTrack(old);
      if (outgoing) this.#stream.addTrack(outgoing);
      await Promise.allSettled([...this.peers.values()].map(peer => peer.replace(kind, outgoing)));
      this.#announce();
      if (this.state === 'closed') track?.stop();
    });
  }

  /** Unplugged, forbidden, or ended in the browser's own bar. In place of a device there may be another one. */
  async #replaceEnded(own) {
    this.#emit('local', { kind: own, reason: 'ended' });
    await this.#adopt(own);
    if (own !== 'screen') await this.#switch(own, { }, true).catch(error => this.#emit('error', error));
  }

  /** The others cannot tell from a track whether it is muted. */
  #announce() {
    this.#emit('local', { kind: 'all', reason: 'changed' });
    if (this.state !== 'connecting' && this.#signaling) this.#signaling.send('webrtc-media-change', { mediaTypes: this.#mediaTypes });
  }

  #end(error, reason = error?.code ?? 'left') {
    if (this.state === 'closed') return;
    this.#change({ state: 'closed', reason, error });
    this.#signaling?.close();
    for (const peer of this.peers.values()) peer.close();
    this.peers.clear();
    for (const track of Object.values(this.#own)) if (!this.#borrowed.includes(track)) track?.stop();
  }

  #complain(error) {
    if (error.code === 'relay-unavailable') this.peers.get(error.targetUsername)?.fail(error.code);
    this.#emit('error', error);
  }

  #change(detail) {
    this.state = detail.state;
    this.#emit('state', detail);
  }

  #emit(type, detail) {
    const event = new CustomEvent(type, { detail });
    if (this.#held) this.#held.push(event);
    else this.dispatchEvent(event);
  }
}

/** Enters a room, or rejects and leaves nothing behind. */
export const join = options => Call.join(options);
