/** Types of meshsignal.js, the MeshSignal client for browsers. The protocol is described in PROTOCOL.md. */

/** What every promise rejects with, and the detail of `error` events. Branch on `code`, which is of the protocol (section 10) or one of those below. */
export class MeshSignalError extends Error {
  constructor(code: string, message?: string, details?: object);
  readonly code: string | 'unreachable' | 'timeout' | 'session-lost' | 'replaced' | 'kicked' | 'link-failed' | 'negotiation'
    | 'denied' | 'not-found' | 'in-use' | 'constraint' | 'unsupported' | 'screen-cancelled';
  /** The same can succeed later without anything being changed. */
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly requestType?: string;
  readonly targetUsername?: string;
  readonly reason?: string;
  readonly cause?: unknown;
  /** From what getUserMedia rejected with. */
  static ofDevice(cause: DOMException): MeshSignalError;
}

/** A join token, or what gets one; it is called for each socket, so that an expired one is never shown. */
export type Token = string | (() => string | Promise<string>);

export interface SignalingOptions {
  /** Absent: `ws` beside the module. `http` means `ws`. */
  url?: string | URL;
  /** 3 to 20 of `A-Z a-z 0-9 _ -`. Absent: the server makes one, or the token says it. */
  username?: string;
  /** Up to 64 of the same. Also the scope of the chat. */
  room?: string;
  /** Whether to get the server's chat. False if absent. */
  chat?: boolean;
  token?: Token;
  /** Usually `sessionStorage`: by it a page that is loaded anew has its name at once. */
  handover?: Storage;
}

export type MediaType = 'audio' | 'video' | 'screen';

export interface Participant {
  username: string;
  peerId: string;
  previousPeerId?: string;
  profile: 'meshsignal.v1' | 'legacy';
  mediaTypes: MediaType[];
  status?: 'connected' | 'reconnecting';
  polite?: boolean;
}

export interface RoomConfig {
  allowVideo: boolean;
  allowScreenShare: boolean;
  forceRelay: boolean;
  maxParticipants: number;
  iceServers: RTCIceServer[];
  iceTransportPolicy: RTCIceTransportPolicy;
  iceTtlMs?: number;
}

export interface Joined {
  room: string;
  peerId: string;
  /** In the order they came, oneself last. */
  participants: Participant[];
  config: RoomConfig;
}

/**
 * The wire protocol without any WebRTC. Events: one for each type of message from the server (`webrtc-peer-joined`, `webrtc-signal`, …) with the message as
 * `detail`; `state` with `{ state, resumed?, retryInMs?, reason?, error? }`; `error` with a MeshSignalError that was answered to no promise.
 * After `state: 'open'` with `resumed: false` the session is a new one: join again, with `previousPeerId`.
 */
export class Signaling extends EventTarget {
  constructor(options: SignalingOptions);
  readonly state: 'idle' | 'connecting' | 'open' | 'away' | 'closed';
  /** Resolves with the first `session-token`. */
  open(): Promise<{ username: string; protocol: string; features: string[]; resumeGraceMs: number }>;
  /**
   * Resolves with the request's own reply, or an `ack`. The token of the session and an `id` are added.
   * While the server is away it waits; a new session rejects it, `session-lost`.
   */
  request<T = any>(type: string, fields?: object): Promise<T>;
  /** For whoever wants no answer: a refusal is an `error` event. */
  send(type: string, fields?: object): void;
  join(options?: { room?: string; mediaTypes?: MediaType[]; previousPeerId?: string }): Promise<Joined>;
  leave(): Promise<{ room: string }>;
  /** Any value but null, for libraries with messages of their own. */
  signal(targetUsername: string, signal: unknown, targetPeerId?: string): Promise<void>;
  /** Ends the session. */
  close(): void;
}

export interface JoinOptions extends SignalingOptions {
  room: string;
  /** What to send; what cannot be had is told by an `error` event, and the call is joined without. `{ audio: true, video: true }` if absent. */
  media?: { audio?: boolean | MediaTrackConstraints; video?: boolean | MediaTrackConstraints };
  /** Instead of opening devices. Its tracks stay yours to stop, unless `ownsStream`. */
  stream?: MediaStream;
  ownsStream?: boolean;
}

export interface Peer {
  readonly username: string;
  readonly peerId: string;
  readonly profile: 'meshsignal.v1' | 'legacy';
  readonly status: 'connecting' | 'direct' | 'relayed' | 'reconnecting' | 'failed';
  /** Why it failed: `relay-unavailable` or `link-failed`. */
  readonly problem?: string;
  /** What they say that they send. */
  readonly audio: boolean;
  readonly video: boolean;
  readonly screen: boolean;
  /** The same object as long as they are there. */
  readonly stream: MediaStream;
  /** Another one after the room's policy has changed, and when the former could not be mended. */
  readonly connection: RTCPeerConnection;
}

export interface CallEvents {
  peerjoined: { peer: Peer };
  /** `reason` is the protocol's, or `lost`. */
  peerleft: { peer: Peer; reason: string };
  /** Status, audio, video or screen are others. */
  peerstatus: { peer: Peer; previous: Peer['status'] };
  track: { peer: Peer; track: MediaStreamTrack; stream: MediaStream };
  message: { peer: Peer; data: string | ArrayBuffer };
  /** `username` is null for notices. */
  chat: { username: string | null; text: string; timestamp?: string; isHistory?: boolean };
  /** One's own devices: `ended` when one went by itself, `changed` for everything else. */
  local: { kind: MediaType | 'all'; reason: 'ended' | 'changed' };
  /** Of the way to the server, not of media. After `closed` nothing comes. */
  state: { state: 'connected' | 'reconnecting' | 'closed'; resumed?: boolean; retryInMs?: number; reason?: string; error?: MeshSignalError };
  error: MeshSignalError;
}

export class Call extends EventTarget {
  private constructor();
  readonly room: string;
  readonly username: string;
  readonly peerId: string;
  readonly state: 'connecting' | 'connected' | 'reconnecting' | 'closed';
  /** By name; those who were there are in it when `join` resolves. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** The stream is the same object all along; what is in it changes. */
  readonly local: { stream: MediaStream; audio: boolean; video: boolean; screen: boolean };
  readonly config: { allowVideo: boolean; allowScreenShare: boolean; relay: boolean; maxParticipants: number };
  /** Off mutes, and leaves the device open. Constraints or a track: another device. */
  setAudio(on: boolean | MediaTrackConstraints | MediaStreamTrack): Promise<void>;
  /** Off closes the camera, and its light goes out. Constraints or a track: another camera. */
  setVideo(on: boolean | MediaTrackConstraints | MediaStreamTrack): Promise<void>;
  /** In place of the camera, which goes on afterwards. To be called at once when the user asks for it, as browsers demand. */
  shareScreen(on?: boolean | DisplayMediaStreamOptions): Promise<void>;
  /** Over the data channels, at most 262 144 bytes; answers with the names of those it was sent to. */
  send(data: string | ArrayBuffer | ArrayBufferView, to?: string): string[];
  /** In the server's chat, if `chat` was asked for: everybody in the room reads it, also who comes later. */
  say(text: string): Promise<void>;
  /** Tries anew, and at once, to reach one, or all who are not reached. */
  restart(username?: string): void;
  /** Never fails, and may be called twice. */
  leave(): Promise<void>;
  addEventListener<K extends keyof CallEvents>(
    type: K, listener: (event: CustomEvent<CallEvents[K]>) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

/** Enters a room, or rejects and leaves nothing behind. */
export function join(options: JoinOptions): Promise<Call>;
