import { startChat } from './chat.js';
import { constraints, offerDevices, remember } from './devices.js';
import { figures, limit, measure } from './links.js';
import { Lobby, setToggle } from './lobby.js';
import { join } from './meshsignal.js';
import { addTile, clearTiles, playAll, removeTile, setSpeaker, showFigures, showMedia, showPeer, showSpeaking } from './stage.js';
import { company, people, sentence, serverLost, without } from './text.js';

const $ = id => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const culprits = { 'name-taken': 'username', 'invalid-name': 'username', 'invalid-room': 'room' };
const loud = .02; // of 1; quieter is the room
const weak = { loss: .08, rtt: .4, times: 3 };
const settle = 1_000;
const announced = / (joined|left) voice chat$/; // which the pictures tell

// An invitation may bring a join token behind the #, which browsers send to nobody.
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
if (token) history.replaceState(null, '', location.pathname + location.search);

let call;
let began;
let retrying;
let limiting;
let isTalking = false;
let isByKeyboard = false;
const weaknesses = new Map();

const lobby = new Lobby(tell);
const chat = startChat({
  say: text => call.say(text).catch(error => { throw sentence(error); }),
  announce: text => { $('status').textContent = text; },
});

document.body.classList.add('lobby');
lobby.start();

$('entrance').addEventListener('submit', event => {
  event.preventDefault();
  enter();
});
for (const id of ['username', 'room']) $(id).addEventListener('input', () => clearTimeout(retrying));

async function enter() {
  clearTimeout(retrying);
  const { room, username } = lobby;
  tell();
  if (!room) return refuse({ code: 'invalid-room' });
  if (username.length < 3) return refuse({ code: 'invalid-name' });

  isByKeyboard = document.activeElement?.matches(':focus-visible') ?? false;
  $('join').disabled = true;
  $('status').textContent = $('join').textContent = 'Joining…';
  const failure = await lobby.open();
  const stream = lobby.handOver();
  const missing = ['audio', 'video'].filter(kind => lobby.wanted[kind] && !stream.getTracks().some(track => track.kind === kind));
  const media = { audio: constraints('audioinput'), video: constraints('videoinput') };
  try {
    began = undefined;
    call = await join({ room, username, stream, ownsStream: true, media, chat: true, token, handover: storage() });
  } catch (error) {
    return end({ error, username, room, hadMedia: stream.getTracks().length > 0 });
  }
  begin(missing, failure);
}

function begin(missing, failure) {
  const { room, username } = call;
  began = performance.now();
  // The address is the invitation: whoever opens it stands before this room.
  history.replaceState(null, '', `/?${new URLSearchParams({ room, ...(asked.has('stats') && { stats: '' }) })}`);
  $('lobby').hidden = true;
  lobby.close();
  $('join').disabled = false;
  $('call').hidden = false;
  document.body.classList.remove('lobby');
  document.title = `${room} – MeshSignal`;
  $('place').textContent = room;
  for (const peer of call.peers.values()) meet(peer);
  addTile(username, call.local.stream);
  showOwn();
  showCompany();
  $('screen').hidden = !call.config.allowScreenShare || !navigator.mediaDevices?.getDisplayMedia;
  $('mic').focus({ focusVisible: isByKeyboard });
  tell(missing.length ? { text: without(missing, failure?.code) } : undefined);
  listen(call);
}

function listen(call) {
  const on = (type, action) => call.addEventListener(type, ({ detail }) => action(detail));
  on('peerjoined', ({ peer }) => { meet(peer); showCompany(); });
  on('peerleft', ({ peer }) => { removeTile(peer.username); showCompany(); });
  on('peerstatus', ({ peer }) => { showPeer(peer); slowDown(); });
  on('chat', message => announced.test(message.text) && !message.username || chat.add(message, call.username));
  on('local', ({ kind, reason }) => {
    showOwn();
    slowDown();
    if (reason === 'ended' && kind !== 'screen') tell({ text: `Your ${kind === 'audio' ? 'microphone' : 'camera'} is gone.` });
  });
  on('state', ({ state, reason, error }) => {
    const isAway = state === 'reconnecting';
    document.body.classList.toggle('away', isAway);
    $('call').classList.toggle('away', isAway);
    if (state === 'closed') end({ error: reason === 'left' ? undefined : error, username: call.username, room: call.room, hadMedia: true });
    else showCompany(isAway);
  });
  on('error', error => {
    if (asked.has('stats')) console.info(`${error.code}: ${error.message}`);
    if (['denied', 'not-found', 'in-use', 'link-failed', 'constraint'].includes(error.code)) tell(error);
  });
}

function meet(peer) {
  addTile(peer.username, peer.stream, peer, {
    retry: () => call.restart(peer.username),
    blocked: () => tell({ code: 'playback-blocked', remedy: ['Turn on sound', playAll] }),
  });
  slowDown();
}

/** What each link may use, once it is clear how many there are. */
function slowDown() {
  clearTimeout(limiting);
  limiting = setTimeout(() => call && limit(call), settle);
}

function end({ error, username, room, hadMedia }) {
  $('join').disabled = false;
  clearTiles();
  chat.clear();
  $('settings').close();
  call = undefined;
  $('call').hidden = true;
  $('lobby').hidden = false;
  document.body.classList.add('lobby');
  document.body.classList.remove('away');
  $('call').classList.remove('away');
  document.title = 'MeshSignal';
  const isLeft = !error;
  $('title').textContent = began === undefined ? $('title').textContent : 'You left the call';
  $('join').textContent = began === undefined ? 'Join now' : 'Join again';
  $('status').textContent = isLeft ? 'You left the call.' : '';
  lobby.reopen().then(() => hadMedia && !isLeft && lobby.open());
  if (isLeft) $('join').focus();
  else refuse({ ...error, username, room });
}

/** Why we are not in, and what is to be changed. Who may simply come later does. */
function refuse(error) {
  tell(error);
  $('status').textContent = '';
  const culprit = culprits[error.code];
  if (culprit === 'room' || error.code === 'room-full') $('room-field').hidden = false; // it may have been left out, as the link says it
  if (culprit) $(culprit).setAttribute('aria-invalid', true);
  $(culprit ?? 'join').focus();
  clearTimeout(retrying);
  if (error.code === 'room-full') retrying = setTimeout(enter, 15_000);
}

/** Shows an error, or that there is none. */
function tell(error) {
  for (const id of ['username', 'room']) $(id).removeAttribute('aria-invalid');
  const text = error ? error.text ?? sentence(error) : '';
  $('problem').hidden = !text;
  $('problem').firstElementChild.textContent = text;
  const [label, action] = error?.remedy ?? [];
  $('remedy').hidden = !label;
  $('remedy').textContent = label ?? '';
  $('remedy').onclick = () => { tell(); action(); };
}
$('dismiss').addEventListener('click', () => tell());

function showOwn() {
  const { local, username } = call;
  showMedia(username, local);
  setToggle($('mic'), 'audio', local.audio, 'Ctrl+D');
  setToggle($('cam'), 'video', local.video, 'Ctrl+E');
  $('screen').setAttribute('aria-pressed', local.screen);
  $('screen').title = local.screen ? 'Stop sharing your screen' : 'Share your screen';
}

function showCompany(isAway = call.state === 'reconnecting') {
  $('status').textContent = isAway ? serverLost : company(call.room, call.peers.size);
  $('invitation').hidden = call.peers.size > 0;
  showClock();
}

function showClock() {
  const seconds = Math.floor((performance.now() - began) / 1000);
  $('people').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} · ${people(call.peers.size + 1)}`;
}

setInterval(() => call && showClock(), 1_000);
setInterval(() => {
  if (!call) return;
  for (const { username, connection } of call.peers.values()) {
    const level = connection.getReceivers().flatMap(receiver => receiver.track.kind === 'audio' ? receiver.getSynchronizationSources() : []);
    showSpeaking(username, level.some(source => source.audioLevel > loud));
  }
}, 300);
setInterval(async () => {
  for (const peer of call?.peers.values() ?? []) {
    const measured = await measure(peer.connection).catch(() => ({}));
    const isBad = measured.loss > weak.loss || measured.rtt > weak.rtt;
    weaknesses.set(peer, isBad ? (weaknesses.get(peer) ?? 0) + 1 : 0);
    showPeer(peer, weaknesses.get(peer) >= weak.times);
    if (asked.has('stats')) showFigures(peer.username, figures(measured));
  }
}, 2_000);

// What a user does may fail, which is told; a cancelled choice is none.
const attempt = action => async () => {
  if (!call) return;
  try {
    await action();
  } catch (error) {
    if (error.code !== 'session-lost') tell({ ...error, remedy: ['denied', 'in-use'].includes(error.code) ? ['Try again', attempt(action)] : undefined });
  }
};
const toggleMic = attempt(() => call.setAudio(!call.local.audio));
const toggleCam = attempt(() => call.setVideo(call.local.video ? false : constraints('videoinput')));
$('mic').addEventListener('click', toggleMic);
$('cam').addEventListener('click', toggleCam);
$('screen').addEventListener('click', attempt(() => call.shareScreen(!call.local.screen)));
$('leave').addEventListener('click', () => call?.leave());

for (const id of ['copy', 'invite', 'copy-too']) $(id).addEventListener('click', async ({ currentTarget: button }) => {
  const text = button.textContent;
  const isCopied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  button.textContent = isCopied ? 'Copied' : 'Copy it from the address bar';
  $('status').textContent = isCopied ? 'Link copied.' : '';
  setTimeout(() => { button.textContent = text; }, 2_000);
});

const selects = [...$('settings').querySelectorAll('select')];
$('setup').addEventListener('click', async () => {
  $('settings').showModal();
  await offerDevices(selects, Object.fromEntries(call.local.stream.getTracks().map(track => [`${track.kind}input`, track.getSettings().deviceId])));
  $('speaker-field').hidden = !('setSinkId' in HTMLMediaElement.prototype) || $('speakers').disabled;
});
for (const select of selects) select.addEventListener('change', () => {
  const { kind } = select.dataset;
  remember(`device-${kind}`, select.value);
  if (kind === 'audiooutput') setSpeaker(select.value);
  else attempt(() => {
    const device = { deviceId: { exact: select.value } };
    return kind === 'audioinput' ? call.setAudio(device) : call.setVideo({ ...constraints(kind), ...device });
  })();
});

// No single letters: people would mute themselves by typing.
addEventListener('keydown', event => {
  if (!call || $('settings').open) return;
  const key = event.key.toLowerCase();
  const isCommand = event.ctrlKey || event.metaKey;
  const isFree = event.target === document.body || event.target === $('main');
  if (isCommand && !event.altKey && key === 'd') toggleMic();
  else if (isCommand && !event.altKey && key === 'e') toggleCam();
  else if (isCommand && event.altKey && key === 'c') chat.toggle();
  else if (key === ' ' && isFree && !event.repeat && !call.local.audio) {
    isTalking = true;
    toggleMic();
  } else return;
  event.preventDefault();
});
addEventListener('keyup', event => {
  if (event.key !== ' ' || !isTalking) return;
  isTalking = false;
  if (call?.local.audio) toggleMic();
});

function storage() {
  try {
    return sessionStorage;
  } catch {
    return undefined; // a browser can be told to keep nothing
  }
}
