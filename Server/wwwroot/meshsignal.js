/**
 * MeshSignal in the browser: calls of 2 to 8 people, each connected with each, introduced to one another by a MeshSignal server. No dependencies.
 * `join` makes a call; `Signaling` is the wire protocol alone, for those who bring their own WebRTC. Types: meshsignal.d.ts. Sections: PROTOCOL.md.
 */
// Browsers do not show the server's own pings, so silence is measured by ours. Who has found no way to another does not even fail to connect.
const patience = { ping: 15_000, answer: 10_000, joining: 20_000, gathering: 1_000, connecting: 30_000 };
const pauses = { shortest: 500, longest: 15_000, longestAtFirst: 4_000 };
const firstTries = 17; // take at least the 30 s that servers mostly keep a session
const restarts = [5_000, 10_000, 20_000, 30_000]; // pauses between ICE restarts
const most = { atOnce: 262_144, queued: 1_048_576 }; // bytes over a data channel, of which browsers do not agree on more in one message
const kinds = ['audio', 'video'];
const closings = { // what a Close means where no error was told before it, section 13
  4002: 'not-authenticated', 4501: 'not-authenticated', 4503: 'banned', 4504: 'kicked', 4509: 'replaced', 4510: 'name-taken', 4511: 'invalid-name',
};
const isFinal = code => code >= 4500 || [1002, 1003, 1007, 1008, 1009].includes(code);
const refusals = { // of getUserMedia
  NotAllowedError: 'denied', NotFoundError: 'not-found', NotReadableError: 'in-use', AbortError: 'in-use', OverconstrainedError: 'constraint',
};

export class MeshSignalError extends Error {
  constructor(code, message = code, details = {}) {
    super(message);
    Object.assign(this, { name: 'MeshSignalError', code, retryable: false }, details);
  }
  static from({ type, error, code, timestamp, id, ...details }) { return new MeshSignalError(code, error, details); }
  static ofDevice(cause) { return new MeshSignalError(refusals[cause.name] ?? 'unsupported', cause.message || undefined, { cause }); }
}

/** A session with a server. It outlives its sockets (section 12): as long as the server keeps it, every message arrives once and in order, both ways. */
export class Signaling extends EventTarget {
  state = 'idle';
  #options; #url; #opened; #ears = new AbortController(); #socket; #silent = [];
  #token; #unconfirmed; #received = 0;
  #pending = new Map(); #lastId = 0; #confirmation = null;
  #beat; #deadline; #pause; #toldPause; #tries = 0; #isGreeted; #refusal;

  constructor({ url = new URL('ws', import.meta.url), username, room, chat = false, token, handover }) {
    super();
    this.#options = { username, room, token, handover };
    this.#url = new URL(url, import.meta.url);
    this.#url.protocol = this.#url.protocol.replace('http', 'ws');
    this.#url.search = new URLSearchParams({ ...(username && { username }), ...(room && { room }), ...(chat && { chat: 'on' }) });
  }

  open() {
    const { handover, username } = this.#options;
    const hear = (event, action) => globalThis.addEventListener?.(event, action, { signal: this.#ears.signal, capture: true });
    // A network or a page that wakes up does not wait; but a server that has said when to come is obeyed.
    for (const event of ['online', 'pageshow', 'visibilitychange', 'resume']) hear(event, () => {
      if (this.state === 'open' && !globalThis.document?.hidden) this.#ping();
      else if (this.#pause && this.#toldPause === undefined) this.#connect();
    });
    // The token is kept when the page goes and not before: a tab that is duplicated would take the session along.
    hear('pagehide', () => {
      if (this.#token) handover?.setItem('meshsignal', JSON.stringify({ username, token: this.#token }));
      this.close();
    });
    const former = JSON.parse(handover?.getItem('meshsignal') ?? null); // what this tab had before it was loaded anew may still hold the name
    handover?.removeItem('meshsignal');
    this.#opened = Promise.withResolvers();
    this.#change('connecting');
    this.#connect(former && former.username === username ? [`release.${former.token}`] : []);
    return this.#opened.promise;
  }

  request(type, fields) {
    return new Promise((resolve, reject) => {
      if (['idle', 'closed'].includes(this.state)) return reject(new MeshSignalError('session-lost', 'There is no session.'));
      const message = { type, id: ++this.#lastId, ...fields };
      this.#pending.set(message.id, { message, resolve, reject });
      if (this.state === 'open') this.#transmit(message);
    });
  }
  send(type, fields) { this.request(type, fields).catch(error => error.code === 'session-lost' || this.#emit('error', error)); }
  join({ room = this.#options.room, mediaTypes = [], previousPeerId } = {}) { return this.request('webrtc-join', { room, mediaTypes, previousPeerId }); }
  leave() { return this.request('webrtc-leave'); }
  signal(targetUsername, signal, targetPeerId) { return this.request('webrtc-signal', { targetUsername, targetPeerId, signal }); }
  close() { this.#end(new MeshSignalError('session-lost', 'The session was closed.'), 'left'); }

  async #connect(former = [`resume.${this.#token}.${this.#received}`]) {
    const { token } = this.#options;
    this.#pause = this.#toldPause = this.#isGreeted = this.#refusal = clearTimeout(this.#pause);
    this.#expectSomething();
    try {
      // Asked for each time: an earlier one may have expired, and a session that is there no more needs one. Who resumes can do without.
      const credential = typeof token !== 'function' ? token : await (async () => token())().catch(error => { if (!this.#token) throw error; });
      if (this.#socket || this.#pause || this.state === 'closed') return; // the token came too late
      this.#socket = new WebSocket(this.#url, ['meshsignal.v1', ...former, ...(credential ? [`bearer.${credential}`] : [])]);
      this.#socket.onclose = ({ code }) => this.#lost(code);
      this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    } catch (cause) {
      this.#end(new MeshSignalError(token ? 'not-authenticated' : 'unreachable', cause?.message, { cause }));
    }
  }

  #receive(message) {
    const { type, id } = message;
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    this.#deadline = clearTimeout(this.#deadline);
    if (type === 'session-token') this.#begin(message);
    else this.#received++;
    if (type === 'server-draining') this.#toldPause = message.reconnectAfterMs;
    if (id === this.#confirmation) { // all that was missed has come, and what has no answer by now never reached the server
      [this.#unconfirmed, this.#tries] = [undefined, 0];
      if (this.state !== 'open') for (const { message: unanswered } of this.#pending.values()) this.#transmit(unanswered);
      if (this.state !== 'open') this.#change('open', { resumed: true });
    }
    // Until all that was missed has come, and our ping was answered, something must follow: a network that dies meanwhile tells nobody.
    if (this.state !== 'open') this.#expectSomething();
    if (type === 'webrtc-error') {
      const error = MeshSignalError.from(message);
      if (request) return request.reject(error);
      if (this.#isGreeted) this.#emit('error', error);
      else this.#refusal = error; // a Close is next, and this is why
    }
    request?.resolve(message);
    this.#emit(type, message);
  }

  #begin(message) {
    const { token, resumed } = message;
    [this.#unconfirmed, this.#token, this.#isGreeted] = [resumed ? this.#token : undefined, token, true];
    for (const socket of this.#silent.splice(0)) socket.close(1000); // the session is here now, so this does not end it
    if (!resumed) {
      this.#received = 0;
      const error = new MeshSignalError('session-lost', 'The session ended before this was answered.', { retryable: true });
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
      this.#change('open', { resumed });
    }
    this.#beat ??= setInterval(() => this.state === 'open' && this.#ping(), patience.ping);
    this.#confirmation = ++this.#lastId;
    this.#ping({ id: this.#confirmation });
    this.#opened.resolve(message);
  }
  #ping(fields) {
    this.#transmit({ type: 'ping', received: this.#received, ...fields });
    this.#expectSomething();
  }
  #expectSomething() { this.#deadline ??= setTimeout(() => this.#lost(1006), patience.answer); }
  #transmit(message) { if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ ...message, token: this.#token })); }

  #lost(code) {
    this.#letGo();
    // Another attempt of ours, long given up, may have been served in its place. The former token is good until the new one has been used.
    if (this.#unconfirmed && (code === 4501 || code === 4509)) [this.#token, code] = [this.#unconfirmed, 1006];
    this.#unconfirmed = undefined;
    if (!this.#token || isFinal(code)) {
      const why = closings[code] ?? (this.#token ? 'session-lost' : 'unreachable');
      return this.#end(this.#refusal ?? new MeshSignalError(why, why, { retryable: !isFinal(code) }));
    }
    const retryInMs = this.#toldPause ?? this.#growingPause([1011, 1012, 1013].includes(code));
    this.#pause = setTimeout(() => this.#connect(), retryInMs);
    this.#change('away', { retryInMs });
  }
  /** Soon, then longer and longer, and at random, lest all come at once. Who is busy needs some seconds. */
  #growingPause(isBusy) {
    if (isBusy) this.#tries = Math.max(this.#tries, 4);
    const longest = isBusy || this.#tries >= firstTries ? pauses.longest : pauses.longestAtFirst;
    return Math.min(longest, pauses.shortest * 2 ** this.#tries++) * (1 + Math.random()) / 2;
  }
  /** A socket that has fallen silent is kept: its Close frame could still get through, and end the session before another socket has it. */
  #letGo() {
    const socket = this.#socket;
    this.#socket = this.#deadline = clearTimeout(this.#deadline);
    if (socket) socket.onclose = socket.onmessage = null;
    if (socket?.readyState === WebSocket.CONNECTING) socket.close();
    else if (socket) this.#silent.push(socket);
  }

  #end(error, reason = error.code) {
    if (this.state === 'closed') return;
    clearInterval(this.#beat);
    clearTimeout(this.#pause);
    this.#letGo();
    for (const socket of this.#silent) socket.close(1000);
    this.#ears.abort();
    this.#change('closed', { reason, error });
    this.#opened?.reject(error);
    for (const { reject } of this.#pending.values()) reject(error);
  }
  #change(state, detail) { this.#emit('state', { state: this.state = state, ...detail }); }
  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

/**
 * One other in the room, and the RTCPeerConnection to them: perfect negotiation (W3C webrtc-pc) by the `polite` roles of section 6.
 * Its steps are in a queue: a step sees what the one before it left, so there are no flags for what is under way.
 */
class Peer {
  stream = new MediaStream(); status = 'connecting';
  #call; #steps = Promise.resolve(); #path; #mending; #failures = 0; #refusedOn; #formerOrigin;

  constructor(met, call) {
    this.#call = call;
    this.#meet(met);
    this.#open();
  }
  /** `away` is one whose socket is lost, `missed` one that the server does not know any more, or not as the one that knows us. */
  #meet({ username, profile, peerId, polite, mediaTypes, status = 'connected' }) {
    Object.assign(this, { username, profile, peerId, polite, isLegacy: profile === 'legacy', away: status !== 'connected', missed: false });
    this.setMedia(mediaTypes);
  }
  setMedia(mediaTypes) { for (const type of ['audio', 'video', 'screen']) this[type] = mediaTypes.includes(type); }
  /** After a session was lost, ours or theirs, and with it what was on its way. */
  meetAgain(met) {
    this.#meet(met);
    this.renew();
    this.#step(() => {
      if (this.connection.signalingState === 'have-local-offer') this.#tell('offer');
      if (this.connection.connectionState !== 'connected' && !this.polite) this.connection.restartIce();
    });
    this.show({ isNews: true });
  }
  get isAlive() { return ['connected', 'disconnected'].includes(this.connection.connectionState); }

  /** Who came later waits for the first offer, unless it `mayOffer`. */
  #open(mayOffer = !this.polite) {
    const connection = this.connection = new RTCPeerConnection(this.#call.config);
    this.#mendIn(patience.connecting);
    connection.onnegotiationneeded = () => this.#step(async () => {
      if (connection.signalingState !== 'stable' || !(mayOffer || connection.remoteDescription)) return; // the event comes again when it is stable
      await connection.setLocalDescription();
      this.#tell('offer');
    });
    connection.onconnectionstatechange = () => this.#look();
    connection.onicecandidate = ({ candidate }) => {
      // A legacy peer discards what comes before it has our description; `buffer` makes the server wait for its answer. The end, null, is sent as well.
      this.#send('webrtc-ice-candidate', { candidate, buffer: connection.remoteDescription === null || undefined }).catch(this.#call.complain);
    };
    connection.ontrack = ({ track }) => {
      if (this.stream.getTracks().includes(track)) return;
      this.stream.addTrack(track);
      track.onended = () => this.stream.removeTrack(track);
      this.#call.emit('track', { peer: this, track, stream: this.stream });
    };
    if (!this.isLegacy) {
      this.channel = connection.createDataChannel('meshsignal', { negotiated: true, id: 0 });
      this.channel.binaryType = 'arraybuffer';
      this.channel.onmessage = ({ data }) => this.#call.emit('message', { peer: this, data });
    }
    // Who was there first describes the call, both ways even for what nobody sends yet: so `replaceTrack` is enough later. A newcomer adds nothing
    // by itself: transceivers that both sides had made would not merge.
    if (!this.polite) for (const kind of kinds) {
      const init = { direction: this.#call.may(kind) ? 'sendrecv' : 'recvonly', streams: [this.#call.local.stream] };
      connection.addTransceiver(this.#call.outgoing[kind] ?? kind, init);
    }
  }

  describe(type, description) {
    this.#step(async () => {
      const { signalingState, remoteDescription: former } = this.connection;
      const told = { type, sdp: description.sdp ?? description };
      const isAnother = former && origin(former) !== origin(told); // the other side began afresh
      if (type === 'offer') {
        const isFirm = !this.polite && !this.isLegacy;
        if (isFirm && (signalingState !== 'stable' || !former)) return; // ours stands, or is about to come
        // Once its first offer is taken back, Chromium declines all data channels, and both sides ask for another negotiation without end.
        if (isAnother || (signalingState === 'have-local-offer' && !former && !this.isLegacy)) this.rebuild();
        if (!isAnother || !isFirm) await this.#accept(told);
      } else if (signalingState === 'have-local-offer') {
        if (isAnother && !this.polite) return this.rebuild(true); // to offer it what the other side's new one can answer
        if (!former && !this.isLegacy && origin(told) === this.#formerOrigin) return; // to an offer of the connection before this one
        await this.connection.setRemoteDescription(told);
      }
    });
  }

  async #accept(offer) {
    const [connection, stream] = [this.connection, this.#call.local.stream];
    await connection.setRemoteDescription(offer); // takes our own open offer back
    for (const kind of kinds.filter(kind => this.#call.may(kind))) { // what we have is sent in whatever the other side has described
      const [track, transceiver] = [this.#call.outgoing[kind], this.#transceiver(kind)];
      if (!transceiver && track && !this.isLegacy) connection.addTrack(track, stream);
      if (!transceiver || transceiver.direction === 'sendrecv') continue;
      transceiver.direction = 'sendrecv';
      transceiver.sender.setStreams(stream);
      await transceiver.sender.replaceTrack(track ?? null);
    }
    await connection.setLocalDescription();
    // Candidates right behind the answer find a legacy peer still busy with it, and are lost. So let the answer contain them.
    if (this.isLegacy && connection.iceGatheringState !== 'complete') await new Promise(resolve => setTimeout(resolve, patience.gathering));
    this.#tell('answer');
  }

  #tell(type) {
    this.#send(`webrtc-${type}`, { [type]: this.connection.localDescription }).catch(error => {
      if (error.retryAfterMs) setTimeout(() => this.connection.localDescription?.type === type && this.#tell(type), error.retryAfterMs);
      else this.#call.complain(error);
    });
  }
  async #send(type, fields) {
    if (!this.missed) await this.#call.signaling.request(type, { targetUsername: this.username, targetPeerId: this.peerId, ...fields });
  }

  candidate(candidate) {
    const init = typeof candidate === 'string' ? { candidate, sdpMLineIndex: 0 } : candidate;
    // The server sends none before its description (section 7). One that cannot be added is of an offer that lost a collision.
    if (init) this.#step(() => this.connection.addIceCandidate(init).catch(() => {}));
  }
  #transceiver(kind) { return this.connection.getTransceivers().find(({ receiver, direction }) => receiver.track.kind === kind && direction !== 'stopped'); }
  replace(kind, track = null) { return this.#transceiver(kind)?.sender.replaceTrack(track); }
  #step(action) {
    this.#steps = this.#steps.then(action).catch(cause => {
      if (this.connection.signalingState === 'closed') return;
      this.#call.complain(new MeshSignalError('negotiation', cause.message, { cause, targetUsername: this.username }));
      if (this.connection.signalingState !== 'have-local-offer' || this.isLegacy) return;
      // An answer was of no use, and no other will come: so the connection is made anew, at once for the first time only, lest it go round in circles.
      const isFirst = !this.#refusedOn;
      this.#refusedOn = this.connection;
      if (isFirst && this.connection.remoteDescription) this.rebuild(true);
      else this.#mendIn();
    });
  }
  renew() { this.connection.setConfiguration({ ...this.connection.getConfiguration(), ...this.#call.config }); }
  /** For what no connection that is there can be changed to. `isOurs`: we begin, and the other side has to hear of it even if it is the one to offer. */
  rebuild(isOurs = false) {
    this.close();
    if (isOurs) this.#steps = Promise.resolve(); // what a closed connection was asked is never answered, and would be waited for
    this.#formerOrigin = origin(this.connection.remoteDescription) ?? this.#formerOrigin;
    for (const track of this.stream.getTracks()) this.stream.removeTrack(track);
    this.#open(isOurs || !this.polite);
    this.show();
  }

  close() {
    clearTimeout(this.#mending);
    for (const event of ['track', 'negotiationneeded', 'icecandidate', 'connectionstatechange']) this.connection[`on${event}`] = null;
    this.connection.close();
  }
  #mendIn(milliseconds = restarts[this.#failures] ?? restarts.at(-1)) {
    clearTimeout(this.#mending);
    this.#mending = setTimeout(() => this.mend(), milliseconds);
  }
  /** Restarts ICE, and again with growing pauses as long as it is needed. */
  mend() {
    const isRefused = () => this.connection === this.#refusedOn && this.connection.signalingState === 'have-local-offer';
    if (this.connection.connectionState === 'connected' && !isRefused()) return;
    this.#mendIn();
    if (isRefused() && (this.missed || this.#call.state !== 'connected')) return; // nobody would hear of another connection, and this one may still carry media
    const isHopeless = this.#failures++ === restarts.length;
    if (isHopeless) this.#call.complain(new MeshSignalError('link-failed', 'No connection.', { targetUsername: this.username, retryable: true }));
    if (isRefused()) this.#step(() => isRefused() && this.rebuild(true)); // unless an offer that is under way takes ours back
    else if (isHopeless && !this.polite) this.rebuild(true);
    else this.connection.restartIce();
  }

  async #look() {
    const { connectionState } = this.connection;
    if (this.missed && !this.isAlive) return this.#call.forget(this, 'lost');
    if (connectionState === 'connected') {
      this.#failures = 0;
      this.#path = await pathOf(this.connection);
    } else if (['failed', 'disconnected'].includes(connectionState) && this.#failures === 0) {
      // What is interrupted mostly comes back by itself. One side restarts and the other answers; if it does not, it is the other's turn.
      this.#mendIn((connectionState === 'failed' ? 0 : 3_000) + (this.polite && !this.isLegacy ? 2_000 : 0));
    }
    this.show();
  }
  /** Tells how it is by now, if that is news. A problem is what there is to say until there is a connection all the same. */
  show({ isNews = false, problem = this.problem } = {}) {
    const { status: previous, connection: { connectionState } } = this;
    const isConnected = connectionState === 'connected';
    const isFirst = !this.#path && (isConnected || ['new', 'connecting'].includes(connectionState)) && !this.away;
    this.problem = isConnected ? undefined : problem;
    this.status = this.problem ? 'failed' : isFirst ? 'connecting' : isConnected && !this.away && !this.missed ? this.#path : 'reconnecting';
    if (isNews || previous !== this.status) this.#call.emit('peerstatus', { peer: this, previous });
  }
}

/** A connection says the same in each of its descriptions (RFC 8866 section 5.2), and no other one says that. */
const origin = description => /^o=\S+ (\S+)/m.exec(description?.sdp)?.[1];

async function pathOf(connection) {
  const reports = await connection.getStats();
  const find = isIt => [...reports.values()].find(isIt);
  const { selectedCandidatePairId: id } = find(({ type }) => type === 'transport') ?? {}; // not told by every browser, which then marks the pair itself
  const pair = reports.get(id) ?? find(({ selected, nominated }) => selected ?? nominated);
  return [pair?.localCandidateId, pair?.remoteCandidateId].some(id => reports.get(id)?.candidateType === 'relay') ? 'relayed' : 'direct';
}

async function openDevices(constraints, method = 'getUserMedia') {
  if (!navigator.mediaDevices?.[method]) throw new MeshSignalError('unsupported', 'Browsers give cameras and microphones to secure pages only.');
  return (await navigator.mediaDevices[method](constraints).catch(cause => { throw MeshSignalError.ofDevice(cause); })).getTracks();
}

/** One visit to a room. A lost server ends nothing: each side keeps its connections, and finds the other again by the `peerId` that it knew. */
export class Call extends EventTarget {
  state = 'connecting'; peers = new Map(); local = { stream: new MediaStream(), audio: false, video: false, screen: false };
  outgoing = {}; #media; #own = {}; #borrowed = []; #mediaTypes = []; #begun = Promise.withResolvers();

  static async join({ media = { audio: true, video: true }, ...options }) {
    const call = new Call();
    const late = new MeshSignalError('timeout', 'The server takes too long.', { retryable: true });
    Object.assign(call, { room: options.room, username: options.username, signaling: new Signaling(options) });
    call.#media = { ...media };
    try {
      await call.#openMedia(options);
      await Promise.race([call.#start(), new Promise((_, reject) => setTimeout(reject, patience.joining, late))]);
      return call;
    } catch (error) {
      call.#end(error);
      throw error;
    }
  }

  async setAudio(on) {
    const { audio } = this.#own;
    if (typeof on !== 'boolean' || (on && !audio)) return this.#switch('audio', on, audio?.enabled);
    if (audio) audio.enabled = on; // the device stays open: closing it makes headsets change their mode
    this.#announce();
  }

  async setVideo(on) {
    if (on && !this.config.allowVideo) throw new MeshSignalError('media-not-allowed', 'Video is not allowed in this room.');
    if (on === true && this.#own.video) return;
    if (!(on instanceof MediaStreamTrack)) await this.#adopt('video'); // the camera is closed: its light goes out, and many phones open one at a time
    if (on) await this.#switch('video', on);
  }

  async shareScreen(on = true) {
    if (on && !this.config.allowScreenShare) throw new MeshSignalError('media-not-allowed', 'Screens are not shared in this room.');
    const cancelled = error => { throw error.code === 'denied' ? new MeshSignalError('screen-cancelled') : error; };
    const tracks = on ? await openDevices(on === true ? { video: true } : on, 'getDisplayMedia').catch(cancelled) : [];
    const track = tracks.find(({ kind }) => kind === 'video');
    if (track) track.contentHint = 'detail';
    await this.#adopt('screen', track);
  }

  send(data, to) {
    const size = typeof data === 'string' ? new TextEncoder().encode(data).length : data.byteLength;
    if (size > most.atOnce) throw new MeshSignalError('too-large', 'At most 262144 bytes at once.');
    const reached = [...this.peers.values()].filter(({ username, channel }) =>
      (to ?? username) === username && channel?.readyState === 'open' && channel.bufferedAmount + size <= most.queued);
    for (const { channel } of reached) channel.send(data);
    return reached.map(({ username }) => username);
  }
  async say(content) { await this.signaling.request('chat', { content }); }
  restart(username) { for (const peer of this.peers.values()) if ((username ?? peer.username) === peer.username) peer.mend(); }
  async leave() { this.#end(); }

  async #openMedia({ stream, ownsStream }) {
    const wanted = stream ? [] : kinds.filter(kind => this.#media[kind]);
    // Asked for together, one that is missing fails both; so then each by itself, and we go with what there is.
    const tracks = stream?.getTracks() ?? (wanted.length === 2 ? await openDevices(this.#media).catch(() => []) : []);
    if (stream && !ownsStream) this.#borrowed = [...tracks];
    for (const track of tracks) await this.#adopt(track.kind, track);
    if (!tracks.length) for (const kind of wanted) await this.#switch(kind, true).catch(this.complain);
  }

  async #start() {
    const about = action => message => { // only if it is still the one we know by that name
      const peer = this.peers.get(message.fromUsername ?? message.username);
      if (peer && (message.fromPeerId ?? message.peerId ?? peer.peerId) === peer.peerId) action(peer, message);
    };
    const handlers = {
      'state': change => this.#follow(change),
      'error': this.complain,
      'session-token': ({ username }) => { this.username = username; },
      'webrtc-peer-joined': met => this.#meet(met),
      'webrtc-peer-left': about((peer, { reason }) => ['expired', 'disconnected'].includes(reason) ? this.#miss(peer, reason) : this.forget(peer, reason)),
      'webrtc-peer-status': about((peer, { status }) => { peer.away = status !== 'connected'; peer.show(); }),
      'webrtc-media-changed': about((peer, { mediaTypes }) => { peer.setMedia(mediaTypes); peer.show({ isNews: true }); }),
      'webrtc-offer': about((peer, { offer }) => peer.describe('offer', offer)),
      'webrtc-answer': about((peer, { answer }) => peer.describe('answer', answer)),
      'webrtc-ice-candidate': about((peer, { candidate }) => peer.candidate(candidate)),
      'webrtc-ice-servers': ({ iceServers }) => this.#configure({ iceServers }),
      'webrtc-policy-changed': ({ config }) => this.#configure(config),
      'history': ({ messages }) => messages.forEach(message => this.emit('chat', { ...message, isHistory: true })),
      'chat': message => this.emit('chat', message),
      'system': ({ text }) => this.emit('chat', { username: null, text }),
    };
    for (const [type, handle] of Object.entries(handlers)) this.signaling.addEventListener(type, ({ detail }) => handle(detail));
    await this.signaling.open();
    await this.#enter();
    // Whoever adds listeners right behind `await join` misses nothing: what comes until then is told in a task of its own.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => this.#begun.resolve(port1.close());
    port2.postMessage(null);
  }
  /** If there was a session before, the others know us by the `peerId` that we had in it. */
  async #enter() {
    const asked = this.#mediaTypes;
    const { peerId, participants, config } = await this.signaling.join({ mediaTypes: asked, previousPeerId: this.peerId });
    // Rooms have no word for it, but a join token can leave out sound: then the server has crossed it off our list.
    const allowAudio = !asked.includes('audio') || participants.find(met => met.peerId === peerId).mediaTypes.includes('audio');
    Object.assign(this, { peerId, config: { ...config, allowAudio, relay: config.iceTransportPolicy === 'relay' } });
    for (const met of participants) if (met.peerId !== peerId) this.#meet(met); // at once: their offers are on the way
    if (!config.allowVideo && this.#own.video) await this.#adopt('video');
    if (!allowAudio) await this.#adopt('audio');
    this.#change({ state: 'connected', resumed: false });
  }

  #follow({ state, resumed, retryInMs, reason, error }) {
    if (state === 'closed') return this.#end(error, reason);
    if (this.state === 'connecting') return;
    if (state === 'away') return this.#change({ state: 'reconnecting', retryInMs });
    for (const peer of this.peers.values()) resumed ? peer.isAlive || peer.mend() : this.#miss(peer, 'lost');
    if (resumed) this.#change({ state: 'connected', resumed });
    else this.#enter().catch(failure => failure.code === 'session-lost' || this.#end(failure));
  }

  #meet(met) {
    const known = this.peers.get(met.username);
    const isSame = known?.isAlive && [met.peerId, met.previousPeerId].includes(known.peerId);
    if (known && !isSame) this.forget(known, 'lost');
    const peer = Object.assign(isSame ? known : new Peer(met, this), { metAs: this.peerId });
    this.peers.set(peer.username, peer);
    if (isSame) peer.meetAgain(met);
    else if (this.state !== 'connecting') this.emit('peerjoined', { peer });
  }
  /** The server has lost sight of this peer, or of us. What flows is kept until it ends or we meet again, if the other can recognise us then. */
  #miss(peer, reason) {
    if (peer.isLegacy || peer.metAs !== this.peerId || !peer.isAlive) return this.forget(peer, reason);
    peer.missed = true;
    peer.show();
  }
  /** An ICE restart would leave a direct way in use where only relays are allowed now. So then all connections are made anew. */
  async #configure(news) {
    const rules = () => this.config.iceTransportPolicy + kinds.filter(kind => this.may(kind));
    const [former, peers, config] = [rules(), [...this.peers.values()], { ...this.config, ...news }];
    this.config = { ...config, relay: config.iceTransportPolicy === 'relay' };
    if (!config.allowVideo && this.#own.video) this.#adopt('video');
    if (!config.allowScreenShare && this.#own.screen) this.#adopt('screen');
    if (rules() === former) return peers.forEach(peer => peer.renew()); // what is connected stays so, and others count when ICE is restarted
    if (!peers.some(({ isLegacy }) => isLegacy)) return peers.forEach(peer => peer.rebuild(true));
    for (const peer of peers) this.forget(peer, 'lost'); // legacy peers make another connection only for one who comes anew
    await this.signaling.leave().then(() => this.#enter()).catch(error => error.code === 'session-lost' || this.#end(error));
  }
  /** `to` is true for the device there was or the usual one, constraints, or a track, which stays its giver's. */
  async #switch(own, to, enabled = true) {
    const isTrack = to instanceof MediaStreamTrack;
    if (isTrack) this.#borrowed.push(to);
    else if (to !== true) this.#media[own] = to;
    const lent = to === true && this.#borrowed.find(track => track.kind === own && track.readyState === 'live');
    const track = isTrack ? to : lent || (await openDevices({ [own]: this.#media[own] || true }))[0];
    track.enabled = enabled;
    await this.#adopt(own, track);
  }
  /** `own` is audio, video (the camera) or screen. The stream stays the same, so that nothing that shows it has to be told. */
  async #adopt(own, track) {
    const { stream } = this.local;
    const former = this.#own[own];
    if (former !== track && !this.#borrowed.includes(former)) former?.stop();
    this.#own[own] = track;
    if (track) track.onended = async () => { // unplugged, forbidden, or ended in the browser's own bar
      if (this.#own[own] !== track) return;
      this.emit('local', { kind: own, reason: 'ended' });
      await this.#adopt(own);
      if (own !== 'screen') await this.#switch(own, {}).catch(this.complain); // there may be another device
    };
    const kind = own === 'audio' ? own : 'video';
    const outgoing = this.outgoing[kind] = own === 'audio' ? track : this.#own.screen ?? this.#own.video;
    for (const old of stream.getTracks()) if (old.kind === kind && old !== outgoing) stream.removeTrack(old);
    if (outgoing) stream.addTrack(outgoing);
    this.#announce();
    await Promise.allSettled([...this.peers.values()].map(peer => peer.replace(kind, outgoing)));
    if (this.state === 'closed') track?.stop();
  }

  #announce() {
    const { audio, video, screen } = this.#own;
    Object.assign(this.local, { audio: audio?.enabled ?? false, video: Boolean(video), screen: Boolean(screen) });
    this.#mediaTypes = [audio?.enabled && 'audio', video && !screen && 'video', screen && 'screen'].filter(Boolean);
    this.emit('local', { kind: 'all', reason: 'changed' });
    if (this.state !== 'connecting') this.signaling.send('webrtc-media-change', { mediaTypes: this.#mediaTypes }); // tracks do not tell
  }

  #end(error, reason = error?.code ?? 'left') {
    if (this.state === 'closed') return;
    this.#change({ state: 'closed', reason, error });
    this.signaling.close();
    for (const peer of this.peers.values()) peer.close();
    this.peers.clear();
    for (const track of Object.values(this.#own)) if (!this.#borrowed.includes(track)) track?.stop();
  }
  #change(detail) {
    this.state = detail.state;
    this.emit('state', detail);
  }
  // For Peer, and not part of the interface:
  may(kind) { return kind === 'audio' ? this.config.allowAudio : this.config.allowVideo || this.config.allowScreenShare; }
  emit(type, detail) { this.#begun.promise.then(() => this.dispatchEvent(new CustomEvent(type, { detail }))); }

  complain = error => {
    if (error.code === 'session-lost') return;
    if (['relay-unavailable', 'link-failed'].includes(error.code)) this.peers.get(error.targetUsername)?.show({ problem: error.code });
    this.emit('error', error);
  };

  forget(peer, reason) {
    peer.close();
    this.peers.delete(peer.username);
    this.emit('peerleft', { peer, reason });
  }
}

export const { join } = Call;
