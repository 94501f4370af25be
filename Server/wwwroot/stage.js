import { paths, stateOf } from './text.js';

const gap = 8;
const stage = document.getElementById('stage');
const template = document.getElementById('tile');
const tiles = new Map();

new ResizeObserver(() => arrange()).observe(stage);

/**
 * The pictures, in the order in which people came; they do not move for who speaks. `peer` is absent for one's own.
 * The user may ask to `retry`; `blocked` is told when the browser demands a click before it plays sound.
 */
export function addTile(name, stream, peer, { retry, blocked } = {}) {
  const tile = template.content.firstElementChild.cloneNode(true);
  tile.dataset.username = name;
  if (peer) Object.defineProperty(tile, 'connection', { get: () => peer.connection });
  else tile.dataset.own = '';
  tile.querySelector('.initial').textContent = name[0].toUpperCase();
  tile.querySelector('.name').textContent = peer ? name : 'You';
  tile.querySelector('.again').addEventListener('click', () => retry());
  const video = tile.querySelector('video');
  const play = () => video.play().catch(error => error.name === 'NotAllowedError' && blocked?.());
  video.muted = !peer;
  video.srcObject = stream;
  video.addEventListener('resize', () => arrange());
  tiles.set(name, tile);
  stage.append(tile);
  if (peer) showPeer(peer);
  arrange();
  // A phone call stops it, and so does Safari when sound is added to a picture that nobody has clicked on.
  video.addEventListener('pause', () => tile.isConnected && !video.ended && play());
  play();
}

export function removeTile(name) {
  const tile = tiles.get(name);
  if (!tile) return;
  tile.querySelector('video').srcObject = null;
  tile.remove();
  tiles.delete(name);
  arrange();
}

export function clearTiles() {
  for (const name of [...tiles.keys()]) removeTile(name);
}

/** Sound that the browser did not start by itself. */
export function playAll() {
  for (const tile of tiles.values()) tile.querySelector('video').play().catch(() => {});
}

export function setSpeaker(deviceId) {
  for (const tile of tiles.values()) tile.querySelector('video').setSinkId?.(deviceId).catch(() => {});
}

export function showMedia(name, { audio, video, screen }) {
  const tile = tiles.get(name);
  if (!tile) return;
  tile.dataset.audio = audio ? 'on' : 'off';
  tile.dataset.video = video || screen ? 'on' : 'off';
  tile.toggleAttribute('data-screen', screen);
  tile.querySelector('.name').textContent = screen ? `${'own' in tile.dataset ? 'Your' : `${name}’s`} screen` : 'own' in tile.dataset ? 'You' : name;
  label(tile);
  arrange();
}

export function showPeer(peer, isWeak = false) {
  const tile = tiles.get(peer.username);
  if (!tile) return;
  const text = stateOf(peer) || (isWeak ? 'Weak connection' : '');
  tile.dataset.state = peer.status;
  tile.querySelector('.state').textContent = text;
  tile.querySelector('.state').hidden = !text;
  tile.querySelector('.again').hidden = peer.status !== 'failed';
  const icon = tile.querySelector('.path');
  icon.toggleAttribute('hidden', !paths[peer.status]);
  if (paths[peer.status]) {
    icon.setAttribute('aria-label', paths[peer.status]);
    icon.firstElementChild.setAttribute('href', `#i-${peer.status}`);
  }
  showMedia(peer.username, peer);
}

export function showFigures(name, text) {
  const figures = tiles.get(name)?.querySelector('.figures');
  if (!figures) return;
  figures.textContent = text;
  figures.hidden = !text;
}

export function showSpeaking(name, yes) {
  tiles.get(name)?.classList.toggle('speaking', yes);
}

function label(tile) {
  const name = 'own' in tile.dataset ? 'You' : tile.dataset.username;
  const { audio, video } = tile.dataset;
  const parts = [name, audio === 'off' && 'microphone off', video === 'off' && 'camera off', 'screen' in tile.dataset && 'shares a screen'];
  tile.setAttribute('aria-label', [...parts, tile.querySelector('.state').textContent].filter(Boolean).join(', '));
}

/** As large as it goes, and with few empty places. */
function arrange() {
  const all = [...tiles.values()];
  const { clientWidth: width, clientHeight: height } = stage;
  if (!all.length || !width || !height) return;
  const isPortrait = height > width;
  const shared = all.find(tile => 'screen' in tile.dataset && !('own' in tile.dataset)) ?? all.find(tile => 'screen' in tile.dataset);
  const other = all.find(tile => !('own' in tile.dataset))?.querySelector('video');
  const isWide = all.every(tile => tile.querySelector('video').videoHeight <= tile.querySelector('video').videoWidth);
  const isPair = all.length === 2 && (!isPortrait || (other?.videoHeight ?? 0) > (other?.videoWidth ?? 0));
  stage.dataset.mode = all.length > 1 && shared ? 'share' : isPair ? 'pair' : 'grid';
  for (const tile of all) tile.classList.toggle('main', tile === shared && all.length > 1);

  let best = { worth: -1 };
  for (let columns = 1; columns <= all.length; columns++) {
    const rows = Math.ceil(all.length / columns);
    let [w, h] = [(width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows];
    const [narrow, wide] = isPortrait ? [isWide ? 1 : .8, 16 / 9] : [4 / 3, 16 / 9];
    if (all.length > 1 && w / h > wide) w = h * wide;
    else if ((all.length > 1 || isPortrait) && w / h < narrow) h = w / narrow;
    const worth = w * h * (1 - .06 * (columns * rows - all.length) / all.length);
    if (worth > best.worth) best = { worth, w, h };
  }
  stage.style.setProperty('--w', `${Math.floor(best.w)}px`);
  stage.style.setProperty('--h', `${Math.floor(best.h)}px`);
  for (const tile of all) fit(tile);
}

/** Fills the tile, unless nearly half of the picture would be cut off. */
function fit(tile) {
  const { videoWidth, videoHeight } = tile.querySelector('video');
  const ratio = (videoWidth / videoHeight) / (tile.clientWidth / tile.clientHeight);
  tile.style.setProperty('--fit', Math.min(ratio, 1 / ratio) < .55 ? 'contain' : 'cover');
}
