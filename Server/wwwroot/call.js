import { Link } from './link.js';
import { openMedia } from './media.js';
import { Signaling } from './signaling.js';

/** One visit to a room, from pressing Join to whatever ends it. `view` is told what happens; `ended` comes exactly once, and last. */
export class Call {
  #room;
  #view;
  #signaling;
  #stream;
  #username;
  #config;
  #links = new Map();
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
      closed: code => this.#end({ code: code === 1012 ? 'restart' : this.#config ? 'lost' : 'unreachable' }),
    });
  }

  #receive(message) {
    const link = this.#from(message);
    switch (message.type) {
      case 'session-token':
        this.#username = message.username;
        return this.#signaling.send('webrtc-join', { id: 'join', room: this.#room, mediaTypes: this.#stream.getTracks().map(track => track.kind) });
      case 'webrtc-joined': return this.#enter(message);
      case 'webrtc-peer-joined': return this.#meet(message);
      case 'webrtc-peer-left': return this.#part(message);
      case 'webrtc-offer': return link?.describe(message.offer);
      case 'webrtc-answer': return link?.describe(message.answer);
      case 'webrtc-ice-candidate': return link?.candidate(message.candidate);
      case 'webrtc-ice-servers': return this.#renew(message.iceServers);
      case 'webrtc-error':
        // Before we are in, every error is the end of it; afterwards the call goes on.
        if (!this.#config) return this.#end({ code: message.code, error: message.error });
        if (message.code === 'relay-unavailable') this.#links.get(message.targetUsername)?.link.lackRelay();
        return console.warn(`Server: ${message.code}: ${message.error}`);
    }
  }

  #enter({ peerId, participants, config }) {
    this.#config = config;
    if (!config.allowVideo) this.#stop(this.#stream.getVideoTracks());
    this.#view.entered(this.#username, this.#stream);
    for (const peer of participants) if (peer.peerId !== peerId) this.#meet(peer);
  }

  /** Credentials end: those for the links there are, and for the next ones. */
  #renew(iceServers) {
    this.#config.iceServers = iceServers;
    for (const { link } of this.#links.values()) link.renew(iceServers);
  }

  #meet({ username, peerId, profile, polite }) {
    const { iceServers, iceTransportPolicy, allowVideo } = this.#config;
    const link = new Link({
      polite,
      profile,
      configuration: { iceServers, iceTransportPolicy },
      kinds: allowVideo ? ['audio', 'video'] : ['audio'],
      stream: this.#stream,
      send: (type, fields) => this.#signaling.send(type, { targetUsername: username, targetPeerId: peerId, ...fields }),
      changed: state => this.#view.changed(username, state),
    });
    this.#links.set(username, { peerId, link });
    this.#view.came(username, link);
  }

  #part({ username, peerId }) {
    if (this.#links.get(username)?.peerId !== peerId) return;
    this.#links.get(username).link.close();
    this.#links.delete(username);
    this.#view.went(username);
  }

  /** The link that a directed message is for, if its sender is still the one we know by that name. */
  #from({ fromUsername, fromPeerId }) {
    const known = this.#links.get(fromUsername);
    return known?.peerId === fromPeerId ? known?.link : undefined;
  }

  #end(problem) {
    if (this.#over) return;
    this.#over = true;
    this.#signaling?.close();
    for (const { link } of this.#links.values()) link.close();
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
