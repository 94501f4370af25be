import { Call } from './call.js';
import { lastSession } from './signaling.js';
import { company, sentence, serverLost, states } from './text.js';

const [entrance, username, room, stage, status, problem, leave, template] =
  ['entrance', 'username', 'room', 'stage', 'status', 'problem', 'leave', 'tile'].map(id => document.getElementById(id));
const tiles = new Map();
let call;

const asked = new URLSearchParams(location.search);
username.value = asked.get('name') ?? lastSession()?.username ?? '';
room.value = asked.get('room') || 'lobby';
(username.value ? room : username).focus();

entrance.addEventListener('submit', event => {
  event.preventDefault();
  show(true);
  tell();
  status.textContent = 'Waiting for camera and microphone…';
  call = new Call(username.value, room.value, view(username.value, room.value));
});
leave.addEventListener('click', () => call?.leave());

// A page that is left must not keep the camera, nor come back from the browser's cache in the middle of a dead call.
addEventListener('pagehide', () => call?.leave());

/** What a call does to the page. */
function view(name, place) {
  let isAway = false;
  const tellStatus = () => { status.textContent = isAway ? serverLost : company(place, tiles.size - 1); };
  return {
    media(trouble) {
      tell(trouble);
      status.textContent = 'Joining…';
    },
    entered(ownName, stream) {
      // The address is the invitation: whoever opens it stands before this room.
      history.replaceState(null, '', `?${new URLSearchParams({ room: place })}`);
      const tile = addTile(ownName, stream, true);
      tile.dataset.own = '';
      tile.querySelector('.state').textContent = '(you)';
      tellStatus();
    },
    came(peer, link) {
      const tile = addTile(peer, link.media);
      tile.connection = link.connection;
      tellStatus();
    },
    changed(peer, state) {
      const tile = tiles.get(peer);
      tile.dataset.state = state;
      tile.querySelector('.state').textContent = states[state] ?? '';
    },
    went(peer) {
      removeTile(peer);
      tellStatus();
    },
    away(yes) {
      isAway = yes;
      tellStatus();
    },
    ended(trouble) {
      for (const shown of [...tiles.keys()]) removeTile(shown);
      call = undefined;
      show(false);
      status.textContent = trouble ? '' : 'You left the room.';
      tell(trouble && { ...trouble, username: name, room: place });
      const culprit = { 'name-taken': username, 'invalid-name': username, 'room-full': room, 'invalid-room': room }[trouble?.code];
      culprit?.setAttribute('aria-invalid', 'true');
      (culprit ?? entrance.querySelector('button')).focus();
    },
  };
}

function addTile(name, stream, muted = false) {
  const tile = template.content.firstElementChild.cloneNode(true);
  tile.dataset.username = name;
  tile.dataset.initial = name[0].toUpperCase();
  tile.querySelector('.name').textContent = name;
  const video = tile.querySelector('video');
  video.muted = muted;
  video.srcObject = stream;
  // Sound that the browser will not start by itself is started by hand.
  video.play().catch(error => { video.controls = error.name === 'NotAllowedError'; });
  stage.append(tile);
  tiles.set(name, tile);
  return tile;
}

function removeTile(name) {
  tiles.get(name).querySelector('video').srcObject = null;
  tiles.get(name).remove();
  tiles.delete(name);
}

function show(inCall) {
  entrance.hidden = inCall;
  stage.hidden = leave.hidden = !inCall;
  if (inCall) leave.focus();
}

function tell(trouble) {
  for (const input of [username, room]) input.removeAttribute('aria-invalid');
  problem.textContent = trouble ? sentence(trouble) : '';
  problem.hidden = !trouble;
}
