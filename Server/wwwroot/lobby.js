import { MeshSignalError } from './meshsignal.js';
import { constraints, offerDevices, remember, remembered, showLevel } from './devices.js';
import { newRoom, plain } from './text.js';

const $ = id => document.getElementById(id);
const kinds = { audio: 'audioinput', video: 'videoinput' };
const buttons = { audio: $('lobby-mic'), video: $('lobby-cam') };
const selects = [$('lobby-mics'), $('lobby-cams')];
const icons = { audio: ['#i-mic-off', '#i-mic'], video: ['#i-cam-off', '#i-cam'] };

/** A toggle keeps its label and says by `aria-pressed` whether it is on; the icon and its colour say so too. */
export function setToggle(button, kind, on, keys) {
  button.setAttribute('aria-pressed', on);
  button.querySelector('use').setAttribute('href', icons[kind][Number(on)]);
  button.title = `Turn ${on ? 'off' : 'on'} ${kind === 'audio' ? 'microphone' : 'camera'}${keys ? ` (${keys})` : ''}`;
}

/** What comes before a call: who one is, where to, and how one looks. */
export class Lobby {
  stream = new MediaStream();
  wanted = { audio: remembered('audio') !== 'off', video: remembered('video') !== 'off' };
  #tell;
  #quiet;
  #work = Promise.resolve();

  /** `tell(error)` shows it, or takes it back. */
  constructor(tell) {
    this.#tell = tell;
    const asked = new URLSearchParams(location.search);
    $('username').value = asked.get('name') ?? remembered('name') ?? '';
    $('room').value = asked.get('room') ?? newRoom();
    $('room-field').hidden = Boolean(asked.get('room'));
    $('title').textContent = asked.get('room') ? `Join “${asked.get('room')}”` : 'Start a call';
    this.#hint();

    for (const kind of ['audio', 'video']) buttons[kind].addEventListener('click', () => this.#toggle(kind));
    for (const select of selects) select.addEventListener('change', () => this.#choose(select));
    $('username').addEventListener('input', () => this.#hint());
    $('new-room').addEventListener('click', () => { $('room').value = newRoom(); });
    $('allow').addEventListener('click', () => this.#openAloud());
    this.#show();
  }

  get username() { return plain($('username').value, 20); }

  get room() { return plain($('room').value, 64); }

  /** Asks at once only where the browser will not: a question that nobody expects is refused. */
  async start() {
    ($('username').value ? $('join') : $('username')).focus({ focusVisible: false }); // nobody has used the keyboard yet
    const states = await Promise.all(['camera', 'microphone'].map(name => navigator.permissions?.query({ name }).catch(() => undefined)));
    if (states.every(permission => permission?.state === 'granted')) await this.#openAloud();
    else this.#show();
  }

  /** Opens what is wanted and not open; with one device missing, the other. Answers with what went wrong. */
  open() {
    return this.#work = this.#work.then(async () => {
      let failure;
      const missing = ['audio', 'video'].filter(kind => this.wanted[kind] && !this.#track(kind));
      if (missing.length === 2) failure = await this.#add(missing);
      if (missing.length === 1 || failure) for (const kind of missing) failure = await this.#add([kind]) ?? failure;
      await this.#show();
      return missing.every(kind => this.#track(kind)) ? undefined : failure;
    });
  }

  async #openAloud() {
    this.#tell(await this.open());
  }

  /** The stream is the call's from now on. */
  handOver() {
    const { stream } = this;
    this.stream = new MediaStream();
    this.#quiet?.();
    this.#quiet = undefined;
    remember('name', $('username').value);
    return stream;
  }

  /** While there is a call. */
  close() {
    $('preview').srcObject = null;
  }

  /** After a call. */
  async reopen() {
    await this.#show();
  }

  async #add(wanted) {
    if (!navigator.mediaDevices) return new MeshSignalError('unsupported');
    try {
      const stream = await navigator.mediaDevices.getUserMedia(Object.fromEntries(wanted.map(kind => [kind, constraints(kinds[kind])])));
      for (const track of stream.getTracks()) {
        this.stream.addTrack(track);
        track.onended = () => { this.stream.removeTrack(track); this.#show(); };
      }
    } catch (error) {
      return MeshSignalError.ofDevice(error);
    }
  }

  #close(kind) {
    const track = this.#track(kind);
    if (!track) return;
    track.stop();
    this.stream.removeTrack(track);
  }

  async #toggle(kind) {
    this.wanted[kind] = !this.wanted[kind];
    remember(kind, this.wanted[kind] ? 'on' : 'off');
    if (this.wanted[kind]) await this.#openAloud();
    else this.#close(kind);
    this.#show();
  }

  async #choose(select) {
    const kind = select.dataset.kind === 'audioinput' ? 'audio' : 'video';
    remember(`device-${select.dataset.kind}`, select.value);
    this.#close(kind);
    await this.#openAloud();
  }

  #track(kind) { return this.stream.getTracks().find(track => track.kind === kind); }

  #hint() {
    const typed = $('username').value.trim();
    $('username-hint').textContent = typed && this.username !== typed ? `Others see you as ${this.username}.` : '3 to 20 letters or digits';
  }

  async #show() {
    const [audio, video] = [this.#track('audio'), this.#track('video')];
    for (const kind of ['audio', 'video']) setToggle(buttons[kind], kind, this.wanted[kind]);
    // Not a stream without a picture: the browser would wait for one, and never call the page loaded.
    if ($('preview').srcObject !== (video ? this.stream : null)) $('preview').srcObject = video ? this.stream : null;
    $('preview').hidden = !video;
    if (video) $('preview').play().catch(() => {}); // Safari does not start by itself what was hidden
    $('preview-note').hidden = Boolean(video);
    $('preview-note').textContent = this.wanted.video ? 'Your camera is not on yet' : 'Your camera is off';
    $('allow').hidden = Boolean(audio || video) || !(this.wanted.audio || this.wanted.video) || !navigator.mediaDevices;
    this.#quiet?.();
    this.#quiet = audio ? showLevel(audio, $('level').firstElementChild) : undefined;
    $('devices').hidden = !audio && !video;
    if (audio || video) await offerDevices(selects, { audioinput: audio?.getSettings().deviceId, videoinput: video?.getSettings().deviceId });
  }
}
