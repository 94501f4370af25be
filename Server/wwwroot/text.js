const sentences = {
  'name-taken': ({ username }) => `The name “${username}” is taken in this room. Choose another name.`,
  'invalid-name': () => 'A name has 3 to 20 letters, digits, _ or -.',
  'invalid-room': () => 'A room name has up to 64 letters, digits, _ or -.',
  'room-full': ({ room }) => `The room “${room}” is full. Try again later, or choose another room.`,
  'disabled': () => 'Calls are switched off on this server.',
  'unreachable': () => 'The server does not answer. Try again in a moment.',
  'lost': () => 'The connection to the server is lost, and the call has ended. Join again in a moment.',
  'replaced': () => 'You joined from another window. This one has stopped.',
  'invalid-token': () => 'You joined from another window. Join again here.',
  'media-refused': ({ missing }) => `You are here without ${missing}, because the browser refused them. Allow them there, then leave and join again.`,
  'media-busy': ({ missing }) => `You are here without ${missing}, because another program is using them. Close it, then leave and join again.`,
  'media-absent': ({ missing }) => `You are here without ${missing}, because none was found.`,
  'media-insecure': () => 'You are here without camera and microphone, because browsers offer them on secure addresses (https) only.',
};

/** What to tell the user about a problem, in a sentence. */
export function sentence(problem) {
  return sentences[problem.code]?.(problem) ?? problem.error ?? 'Something went wrong. Try again in a moment.';
}

export function company(room, others) {
  const who = ['You are the only one', 'You and one other are'][others] ?? `You and ${others} others are`;
  return `${who} in room “${room}”.`;
}

export const serverLost = 'Connection to the server lost. The call goes on. Reconnecting…';

/** What a tile says about its connection, or about the peer's to the server; nothing while all is well. */
export const states = {
  new: 'connecting…',
  connecting: 'connecting…',
  disconnected: 'connection interrupted…',
  failed: 'no connection, trying again…',
  'no-relay': 'no connection: calls here go through a relay, and none answers',
  reconnecting: 'reconnecting…',
  missed: 'reconnecting…',
};
