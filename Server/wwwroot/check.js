import { MeshSignalError, Signaling } from './meshsignal.js';
import { relayedPair, tryServer } from './probe.js';

const $ = id => document.getElementById(id);
const patience = 5_000;
const audible = .02;
const marks = { good: '✓', fair: '!', bad: '✕', running: '…' };
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
const results = new Map();
let signaling;
let config;

const steps = [
  ['browser', 'Browser', checkBrowser],
  ['microphone', 'Microphone', checkMicrophone],
  ['camera', 'Camera', checkCamera],
  ['server', 'Server', checkServer],
  ['stun', 'Direct ways (STUN)', () => checkServers('stun')],
  ['turn-udp', 'Relay over UDP (TURN)', () => checkServers('turn-udp')],
  ['turn-tcp', 'Relay over TCP or TLS (TURN)', () => checkServers('turn-tcp')],
  ['pair', 'A relayed call with yourself', checkPair],
];

$('start').addEventListener('click', run);
$('copy').addEventListener('click', async () => {
  $('text').select();
  const isCopied = await navigator.clipboard?.writeText($('text').value).then(() => true, () => false) || document.execCommand('copy');
  $('copy').textContent = isCopied ? 'Copied' : 'Press Ctrl+C';
});

async function run() {
  $('start').hidden = true;
  $('steps').replaceChildren();
  results.clear();
  $('verdict').hidden = false;
  $('verdict').textContent = 'Checking…';
  const rows = steps.map(([, title]) => row(title));
  for (const [index, [id, , action]] of steps.entries()) {
    rows[index].show({ result: 'running', text: id === 'microphone' ? 'Say something…' : 'Trying…' });
    const began = performance.now();
    const outcome = await action(rows[index].element).catch(error => ({ result: 'bad', text: 'This could not be tried.', code: error.code ?? error.name }));
    outcome.milliseconds ??= Math.round(performance.now() - began);
    results.set(id, outcome);
    rows[index].show(outcome);
  }
  signaling?.close();
  conclude();
}

function conclude() {
  const [kind, sentence] = verdict(results);
  $('verdict').dataset.verdict = kind;
  $('verdict').textContent = sentence;
  $('text').value = report(sentence);
  $('report').hidden = false;
  $('start').hidden = false;
  $('start').textContent = 'Check again';
}

/** The first that applies. */
function verdict(all) {
  const is = (id, ...wanted) => wanted.includes(all.get(id)?.result);
  const attention = ['microphone', 'camera'].filter(id => !is(id, 'good'));
  if (is('browser', 'bad')) return ['bad', all.get('browser').text];
  if (all.get('server').code === 'not-authenticated') return ['bad', all.get('server').text];
  if (is('server', 'bad')) return ['bad', 'The server cannot be reached. Calls will not work from here.'];
  const hasRelays = !is('turn-udp', 'none') || !is('turn-tcp', 'none');
  const works = is('pair', 'good');
  if (!works && config.iceTransportPolicy === 'relay') return ['bad', 'Calls will not work here: this server demands a relay, and none answers.'];
  if (!works && hasRelays) return ['bad', 'Calls may not work here: no relay answers, and networks may block direct ways.'];
  if (works && !is('turn-udp', 'good')) return ['fair', 'Calls work, but over a slow way only (TCP). Expect delays; ask your network to allow UDP.'];
  if (attention.length) return ['fair', `Calls work. Your ${attention.join(' and ')} ${attention.length > 1 ? 'need' : 'needs'} attention.`];
  if (!hasRelays) return ['fair', 'All that this server offers works. It has no relay, so calls with people behind strict networks may fail.'];
  return ['good', 'Everything works.'];
}

async function checkBrowser() {
  if (!isSecureContext) return { result: 'bad', text: 'Your browser needs https. Open this page with https://.' };
  const missing = ['WebSocket', 'RTCPeerConnection'].filter(name => !(name in window));
  if (missing.length) return { result: 'bad', text: 'Your browser cannot make calls. Use a current one.', code: missing.join(' ') };
  return { result: 'good', text: 'Your browser can make calls.' };
}

async function open(constraints) {
  if (!navigator.mediaDevices) throw new MeshSignalError('unsupported');
  return await navigator.mediaDevices.getUserMedia(constraints).catch(error => { throw MeshSignalError.ofDevice(error); });
}

function mediaProblem(what, { code }) {
  const text = {
    'denied': `Your browser does not let this page use the ${what}. Allow it from the icon in the address bar.`,
    'not-found': `No ${what} was found.`,
    'in-use': `Another program is using the ${what}. Close it there.`,
  }[code] ?? `The ${what} cannot be used.`;
  return { result: 'bad', text, code };
}

async function checkMicrophone() {
  let stream;
  try {
    stream = await open({ audio: true });
  } catch (error) {
    return mediaProblem('microphone', error);
  }
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const hears = () => {
    analyser.getFloatTimeDomainData(samples);
    return samples.some(sample => Math.abs(sample) > audible);
  };
  const isHeard = await until(hears, patience);
  stream.getTracks().forEach(track => track.stop());
  context.close();
  return isHeard ? { result: 'good', text: 'Your microphone is heard.' }
    : { result: 'fair', text: 'The microphone is open, but nothing was heard. Is it muted, or is it another one?', code: 'silent' };
}

async function checkCamera(element) {
  let stream;
  try {
    stream = await open({ video: true });
  } catch (error) {
    return mediaProblem('camera', error);
  }
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, autoplay: true, srcObject: stream });
  video.setAttribute('aria-hidden', 'true');
  element.append(video);
  const hasFrame = await until(() => video.videoWidth > 0 && video.readyState >= 2, patience);
  const size = `${video.videoWidth} × ${video.videoHeight}`;
  stream.getTracks().forEach(track => track.stop());
  video.remove();
  if (!hasFrame) return { result: 'bad', text: 'The camera is open, but gives no picture.', code: 'no-frame' };
  return { result: 'good', text: `Your camera gives a picture (${size}).` };
}

async function checkServer() {
  const random = [...crypto.getRandomValues(new Uint8Array(8))].map(byte => byte.toString(16).padStart(2, '0')).join('');
  signaling = new Signaling({ username: `check-${random.slice(0, 12)}`, room: `check-${random}`, token });
  try {
    await signaling.open();
    ({ config } = await signaling.join());
    const times = [];
    for (let count = 0; count < 5; count++) {
      const began = performance.now();
      await signaling.request('ping');
      times.push(performance.now() - began);
    }
    const milliseconds = Math.round(times.sort((a, b) => a - b)[2]);
    return { result: milliseconds < 400 ? 'good' : 'fair', text: 'The server answers.', milliseconds };
  } catch ({ code }) {
    const text = code === 'not-authenticated' ? 'The server asks for an invitation. Put its #token=… behind the address of this page.'
      : 'The server does not answer. A network or a proxy may be blocking WebSockets.';
    return { result: 'bad', text, code };
  }
}

/** What each URL of the operator's is for; others learn the numbers only. */
function serversOf(kind) {
  const all = (config?.iceServers ?? []).flatMap(({ urls, username, credential }) => [urls].flat().map(url => ({ urls: url, username, credential })));
  const kindOf = url => url.startsWith('stun') ? 'stun' : url.startsWith('turns') || url.includes('transport=tcp') ? 'turn-tcp' : 'turn-udp';
  return all.filter(({ urls }) => kindOf(urls) === kind);
}

async function checkServers(kind) {
  const servers = serversOf(kind);
  if (!servers.length) return { result: 'none', text: config ? 'This server offers none.' : 'Not tried.' };
  const outcomes = await Promise.all(servers.map(tryServer));
  const working = outcomes.findIndex(({ isWorking }) => isWorking);
  const code = outcomes.map((outcome, index) => `${kind}-${index + 1}: ${outcome.isWorking ? `${outcome.milliseconds} ms` : outcome.code}`).join(', ');
  const good = kind === 'stun' ? 'Direct ways can be found.' : 'The relay answers.';
  if (working >= 0) return { result: 'good', text: good, code, server: servers[working], milliseconds: outcomes[working].milliseconds };
  const isRefused = outcomes.some(outcome => outcome.code.startsWith('401'));
  const text = kind === 'stun' ? 'The server for direct ways does not answer. Calls may need a relay.'
    : isRefused ? 'The relay refuses its credentials. Tell whoever runs this server.' : 'The relay does not answer. A network may be blocking it.';
  return { result: kind === 'stun' ? 'fair' : 'bad', text, code };
}

async function checkPair() {
  const server = results.get('turn-udp')?.server ?? results.get('turn-tcp')?.server;
  if (!server) return { result: 'none', text: 'No relay to try it with.' };
  const echo = await relayedPair(server);
  if (echo === undefined) return { result: 'bad', text: 'The relay carries nothing.', code: 'no-path' };
  return { result: 'good', text: 'The relay carries data both ways.', milliseconds: Math.round(echo) };
}

/** No address, no host, no device, no name, no token. */
function report(sentence) {
  const browser = navigator.userAgent.match(/(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/) ?? [];
  const lines = [...results].map(([id, { result, code, milliseconds }]) => `${id}: ${result}, ${milliseconds} ms${code ? ` (${code})` : ''}`);
  const policy = `relay only: ${config?.iceTransportPolicy === 'relay' ? 'yes' : 'no'}`;
  return ['MeshSignal check', new Date().toISOString(), `browser: ${browser[1] ?? 'other'} ${browser[2] ?? ''}`, policy, ...lines, sentence].join('\n');
}

function row(title) {
  const element = document.createElement('li');
  const [mark, name, time, small] = ['span', 'span', 'span', 'small'].map(tag => document.createElement(tag));
  Object.assign(mark, { className: 'mark', ariaHidden: 'true' });
  name.textContent = title;
  time.className = 'time';
  element.append(mark, name, time, small);
  $('steps').append(element);
  return {
    element,
    show({ result, text, milliseconds }) {
      element.dataset.result = result;
      mark.textContent = marks[result] ?? '–';
      small.textContent = text;
      time.textContent = milliseconds === undefined || result === 'none' ? '' : `${milliseconds} ms`;
    },
  };
}

async function until(condition, milliseconds) {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return true;
}
