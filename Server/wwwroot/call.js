import { Link } from './link.js';
import { openMedia } from './media.js';
import { Signaling } from './signaling.js';

const endings = { 4501: 'replaced', 4509: 'replaced', 4510: 'name-taken', 4511: 'invalid-name' };

/**
 * One visit to a room, from pressing Join to whatever ends it. `view` is told what happens; `ended` comes exactly once, and last.
 * A lost server ends nothing: media does not pass through it. Each side keeps its connections, and finds the other again by the `peerId` that it knew.
 */
export class Call {
  #room;
  #view;
  #signaling;
  #stream;
  #username;
  #config;
  #peerId;
  #peers = new Map();
  #over = false;

  constructor(username, room, view) {
    this.#username = username;
    this.#room = room;
    this.#view = view;
    this.#start();
  }

  leave() {
    this.#signaling?.send('webrtc-leave');
    this.#end();
  }

  async #start() {
    const { stream, problem } = await openMedia();
    this.#stream = stream;
    if (this.#over) return this.#stop(stream.getTracks());
    this.#view.media(problem);
    this.#signaling = new Signaling(this.#username, this.#room, {
      received: message => this.#receive(message),
      away: () => this.#config && this.#view.away(true),
      closed: code => this.#end({ code: endings[code] ?? (this.#config ? 'lost' : 'unreachable') }),
    });
  }

  #receive(message) {
    const link = this.#from(message);
    switch (message.type) {
      case 'session-token': return message.resumed ? this.#config && this.#view.away(false) : this.#join(message);
      case 'webrtc-joined': return this.#enter(message);
      case 'webrtc-peer-joined': return this.#meet(message);
      case 'webrtc-peer-left': return this.#part(message);
      case 'webrtc-peer-status': return this.#setStatus(message);
      case 'webrtc-offer': return link?.describe(message.offer);
      case 'webrtc-answer': return link?.describe(message.answer);
      case 'webrtc-ice-candidate': return link?.candidate(message.candidate);
      case 'webrtc-ice-servers': return this.#renew(message.iceServers);
      case 'webrtc-error':
        // Before we are in, or in again, every error is the end of it; afterwards the call goes on.
        if (!this.#config || message.requestType === 'webrtc-join') return this.#end({ code: message.code, error: message.error });
        if (message.code === 'relay-unavailable') this.#peers.get(message.targetUsername)?.link.lackRelay();
        return console.warn(`Server: ${message.code}: ${message.error}`);
    }
  }

  /** In a new session; if there was one before, the others know us by the `peerId` that we had in it. */
  #join({ username }) {
    this.#username = username;
    for (const known of this.#peers.keys()) this.#miss(known);
    const mediaTypes = this.#stream.getTracks().map(track => track.kind);
    this.#signaling.send('webrtc-join', { room: this.#room, mediaTypes, previousPeerId: this.#peerId });
  }

  #enter({ peerId, participants, config }) {
    const isBack = this.#config !== undefined;
    this.#config = config;
    this.#peerId = peerId;
    const { mediaTypes } = participants.find(peer => peer.peerId === peerId); // what we asked for and may send
    this.#stop(this.#stream.getTracks().filter(track => !mediaTypes.includes(track.kind)));
    if (isBack) this.#view.away(false);
    else this.#view.entered(this.#username, this.#stream);
    for (const peer of participants) if (peer.peerId !== peerId) this.#meet(peer);
  }

  /** Credentials end: those for the links there are, and for the next ones. */
  #renew(iceServers) {
    this.#config.iceServers = iceServers;
    for (const { link } of this.#peers.values()) link.renew(iceServers);
  }

  #meet({ username, peerId, previousPeerId, profile, polite, status = 'connected' }) {
    const { iceServers, iceTransportPolicy } = this.#config;
    const known = this.#peers.get(username);
    if (known?.link.isAlive && [peerId, previousPeerId].includes(known.peerId)) {
      Object.assign(known, { peerId, status, metAs: this.#peerId });
      known.link.renew(iceServers);
      known.link.goOn(polite);
      return this.#show(username);
    }

    if (known) this.#forget(username);
    const peer = { peerId, status, metAs: this.#peerId, isLegacy: profile === 'legacy' };
    peer.link = new Link({
      polite,
      profile,
      configuration: { iceServers, iceTransportPolicy },
      stream: this.#stream,
      send: (type, fields) => peer.status !== 'missed' && this.#signaling.send(type, { targetUsername: username, targetPeerId: peer.peerId, ...fields }),
      changed: () => this.#show(username),
    });
    this.#peers.set(username, peer);
    this.#view.came(username, peer.link);
    this.#show(username);
  }

  #part({ username, peerId, reason }) {
    if (this.#peers.get(username)?.peerId !== peerId) return;
    if (reason === 'left') this.#forget(username);
    else this.#miss(username);
  }

  /**
   * The server has lost sight of this peer, or of us. What flows is kept until it ends, or until we meet again.
   * Not if the other cannot recognise us: legacy peers never do, and others do not know a stay of ours in which they were not there.
   */
  #miss(username) {
    const peer = this.#peers.get(username);
    if (peer.isLegacy || peer.metAs !== this.#peerId) return this.#forget(username);
    peer.status = 'missed';
    this.#show(username);
  }

  #setStatus({ username, peerId, status }) {
    const peer = this.#peers.get(username);
    if (peer?.peerId !== peerId) return;
    peer.status = status;
    this.#show(username);
  }

  #show(username) {
    const { link, status } = this.#peers.get(username);
    if (status === 'missed' && !link.isAlive) this.#forget(username);
    else this.#view.changed(username, link.state === 'connected' ? status : link.state);
  }

  #forget(username) {
    this.#peers.get(username).link.close();
    this.#peers.delete(username);
    this.#view.went(username);
  }

  /** The link that a directed message is for, if its sender is still the one we know by that name. */
  #from({ fromUsername, fromPeerId }) {
    const known = this.#peers.get(fromUsername);
    return known?.peerId === fromPeerId ? known?.link : undefined;
  }

  #end(problem) {
    if (this.#over) return;
    this.#over = true;
    this.#signaling?.close();
    for (const { link } of this.#peers.values()) link.close();
    this.#stop(this.#stream?.getTracks() ?? []);
    this.#view.ended(problem);
  }

  #stop(tracks) {
    for (const track of tracks) {
      track.stop();
      this.#stream.removeTrack(track);
    }
  }
}
