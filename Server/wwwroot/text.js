const camera = 'Your browser does not let this page use the camera or microphone. Allow it from the icon in the address bar, or join without.';

const sentences = {
  'denied': camera,
  'not-found': 'No camera or microphone was found. Plug one in, or join without.',
  'in-use': 'Another program is using your camera or microphone. Close it there, then try again.',
  'constraint': 'The chosen camera or microphone is gone. We use the usual one.',
  'unsupported': 'Browsers offer camera and microphone on secure addresses only. Open this page with https://.',
  'media-not-allowed': 'That is switched off in this room.',
  'no-media-types': 'This room allows no media.',
  'playback-blocked': 'Sound is blocked by your browser.',
  'invalid-room': 'A room name has up to 64 letters, digits, - or _.',
  'invalid-name': 'A name has 3 to 20 letters, digits, - or _.',
  'name-taken': ({ username }) => `Somebody here is already called “${username}”. Choose another name.`,
  'room-full': 'This room is full. We try again every few seconds; or choose another room.',
  'room-limit': 'The server is busy with other calls. Try again in a moment.',
  'server-full': 'The server is busy with other calls. Try again in a moment.',
  'too-many-connections': 'Too many connections come from your network. Try again in a moment.',
  'rate-limited': ({ retryAfterMs }) => `Too many attempts. Wait ${Math.ceil((retryAfterMs ?? 10_000) / 1000)} seconds, then try again.`,
  'too-large': 'That message is too long.',
  'not-authenticated': 'Your invitation is missing or has expired. Ask for a new link.',
  'invalid-token': 'Your invitation is missing or has expired. Ask for a new link.',
  'forbidden': 'Your invitation is not for this room or name. Ask for another one.',
  'disabled': 'Calls are switched off on this server.',
  'banned': 'You may not enter this server.',
  'kicked': 'A moderator removed you from the call.',
  'replaced': 'You joined from another window. This one has stopped.',
  'unreachable': 'The server does not answer. Check your connection, and try again in a moment.',
  'timeout': 'The server does not answer. Check your connection, and try again in a moment.',
  'session-lost': 'The connection to the server is lost, and the call has ended. Join again in a moment.',
  'relay-unavailable': 'This room uses a relay, and it cannot be reached from here.',
  'link-failed': ({ targetUsername }) => `No connection to ${targetUsername}. A network may be blocking it.`,
};

// Of no use to people; on the console they are.
const silent = ['screen-cancelled', 'candidate-dropped', 'relay-policy', 'target-not-found', 'target-unavailable', 'negotiation', 'not-joined'];

/** What to tell the user about an error, in a sentence; nothing where there is nothing to be done. */
export function sentence(error) {
  const known = sentences[error.code];
  if (silent.includes(error.code)) return '';
  return typeof known === 'function' ? known(error) : known ?? 'Something went wrong. Try again in a moment.';
}

const articles = { audio: 'microphone', video: 'camera' };

/** `missing` are the kinds that were asked for and are not there. */
export function without(missing, code) {
  const why = { 'denied': 'your browser refused', 'in-use': 'another program is using them', 'unsupported': 'it takes https' }[code] ?? 'none was found';
  return `You are here without ${missing.map(kind => articles[kind]).join(' and ')}: ${why}.`;
}

export function company(room, others) {
  const who = ['You are the only one', 'You and one other are'][others] ?? `You and ${others} others are`;
  return `${who} in room “${room}”.`;
}

export const people = count => count === 1 ? '1 person' : `${count} people`;

export const serverLost = 'Connection to the server lost. The call goes on. Reconnecting…';

/** What a tile says about a peer; nothing while all is well. */
export function stateOf({ status, problem }) {
  if (problem === 'relay-unavailable') return 'No connection: the relay of this room cannot be reached';
  return { connecting: 'Connecting…', reconnecting: 'Reconnecting…', failed: 'No connection' }[status] ?? '';
}

export const paths = { direct: 'Direct connection', relayed: 'Relayed connection' };

/** As the server takes it: “Lucía Márquez” is Lucia-Marquez. Names have at most 20 characters, rooms 64. */
export function plain(text, longest) {
  return text.normalize('NFD').replace(/\p{M}/gu, '').trim().replace(/[\s.]+/g, '-').replace(/[^A-Za-z0-9_-]/g, '').slice(0, longest);
}

const words = [
  'amber brisk calm clear coral crisp dusty early fair fleet gentle golden green happy hazel ivory jolly keen late light lively lucky mellow mild misty noble '
    + 'olive pale plain proud quick quiet rapid rosy ruby silent silver sunny swift tidy velvet warm white wild wise young',
  'apple badger beach birch bridge brook candle cedar cloud comet dune eagle ember falcon fern field finch forest fox garden harbor hill island lake lark leaf '
    + 'maple meadow moon moss otter owl pebble pine planet pond rain raven reef river robin sail shore sky sparrow star stone thicket tiger valley wave wolf',
].map(list => list.split(' '));

/** Nobody guesses it by trying: two words and 32 random bits. */
export function newRoom() {
  const [a, b, tail] = crypto.getRandomValues(new Uint32Array(3));
  return `${words[0][a % words[0].length]}-${words[1][b % words[1].length]}-${tail.toString(36)}`;
}
