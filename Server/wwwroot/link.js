const gatheringPatience = 1_000;

/**
 * The RTCPeerConnection to one peer. Its negotiation is the perfect negotiation of W3C webrtc-pc, with the steps in a queue:
 * a step sees what the one before it left, so there are no flags for what is under way.
 */
export class Link {
  media = new MediaStream();
  #steps = Promise.resolve();
  #early = [];
  #polite;
  #legacy;
  #stream;
  #send;
  #changed;
  #lacksRelay = false;

  /** `send(type, fields)` reaches the peer, `changed()` is called when there is another `state`. */
  constructor({ polite, profile, configuration, stream, send, changed }) {
    this.#polite = polite;
    this.#legacy = profile === 'legacy';
    this.#stream = stream;
    this.#send = send;
    this.#changed = changed;
    const connection = this.connection = new RTCPeerConnection(configuration);
    connection.ontrack = ({ track }) => this.media.addTrack(track);
    connection.onnegotiationneeded = () => this.#step(() => this.#offer());
    connection.onicecandidate = ({ candidate }) => {
      // A legacy peer discards what comes before it has our description; `buffer` makes the server wait for its answer.
      // The end, null, is sent like any other: by it the server knows that no relay is to be expected.
      send('webrtc-ice-candidate', { candidate, buffer: connection.remoteDescription === null || undefined });
    };
    connection.onconnectionstatechange = () => {
      // One side restarts and the other one answers. Whether a legacy peer ever would is unknown.
      if (connection.connectionState === 'failed' && (!this.#polite || this.#legacy)) connection.restartIce();
      if (connection.connectionState === 'connected') this.#lacksRelay = false;
      changed();
    };

    // Who was there first describes the call, also for what it only receives. A newcomer adds nothing before the first offer, and so makes none.
    if (!polite) for (const kind of ['audio', 'video']) {
      const track = stream.getTracks().find(track => track.kind === kind);
      connection.addTransceiver(track ?? kind, { direction: track ? 'sendrecv' : 'recvonly', streams: [stream] });
    }
  }

  /** That of the connection, or `no-relay` instead. */
  get state() {
    return this.#lacksRelay ? 'no-relay' : this.connection.connectionState;
  }

  /** Whether media flows, or may flow again by itself. */
  get isAlive() {
    return ['connected', 'disconnected'].includes(this.connection.connectionState);
  }

  describe(description) {
    this.#step(async () => {
      const { connection } = this;
      const open = connection.signalingState === 'have-local-offer';
      if (description.type === 'offer') {
        if (open && !this.#polite) return;
        await connection.setRemoteDescription(description); // takes our own open offer back
        const sent = connection.getSenders().map(sender => sender.track);
        for (const track of this.#stream.getTracks()) if (!sent.includes(track)) connection.addTrack(track, this.#stream);
        await connection.setLocalDescription();
        // Candidates right behind the answer find a legacy peer still busy with it, and are lost. So let the answer contain them.
        if (this.#legacy) await gathered(connection);
        this.#send('webrtc-answer', { answer: connection.localDescription });
      } else if (open) {
        await connection.setRemoteDescription(description);
      }
      for (const candidate of this.#early.splice(0)) await this.#add(candidate);
    });
  }

  candidate(candidate) {
    if (candidate) this.#step(() => this.connection.remoteDescription ? this.#add(candidate) : this.#early.push(candidate));
  }

  /** After one of the two was gone from the server for a while. What was on its way then is lost. */
  goOn(polite) {
    this.#step(() => {
      this.#polite = polite;
      if (this.connection.signalingState === 'have-local-offer') this.#send('webrtc-offer', { offer: this.connection.localDescription });
      if (this.connection.connectionState !== 'connected' && !polite) this.connection.restartIce();
    });
  }

  /** What is connected stays so; new servers count when ICE is restarted. */
  renew(iceServers) {
    this.connection.setConfiguration({ ...this.connection.getConfiguration(), iceServers });
  }

  /** We have no candidate that may reach the peer. Until there is a connection all the same, that is what there is to say. */
  lackRelay() {
    this.#lacksRelay = this.connection.connectionState !== 'connected';
    this.#changed();
  }

  close() {
    const { connection } = this;
    connection.ontrack = connection.onnegotiationneeded = connection.onicecandidate = connection.onconnectionstatechange = null;
    connection.close();
  }

  async #offer() {
    if (this.connection.signalingState !== 'stable') return; // the event comes again when it is
    await this.connection.setLocalDescription();
    this.#send('webrtc-offer', { offer: this.connection.localDescription });
  }

  async #add(candidate) {
    const init = typeof candidate === 'string' ? { candidate, sdpMLineIndex: 0 } : candidate;
    // Candidates of an offer that lost a collision may still come; they belong to no description we have.
    const fragment = init.usernameFragment;
    if (!fragment || this.connection.remoteDescription.sdp.includes(`a=ice-ufrag:${fragment}\r\n`)) await this.connection.addIceCandidate(init);
  }

  #step(action) {
    this.#steps = this.#steps.then(action).catch(error => {
      if (this.connection.signalingState !== 'closed') console.warn('Negotiation:', error);
    });
  }
}

function gathered(connection) {
  return new Promise(resolve => {
    const look = () => connection.iceGatheringState === 'complete' && resolve();
    connection.addEventListener('icegatheringstatechange', look);
    setTimeout(resolve, gatheringPatience);
    look();
  });
}
