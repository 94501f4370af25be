const pictures = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { max: 30 } };
const names = { audioinput: 'Microphone', videoinput: 'Camera', audiooutput: 'Speaker' };

/** What to ask the browser for: what was chosen before, if it is still there. */
export function constraints(kind) {
  const chosen = remembered(`device-${kind}`);
  const device = chosen ? { deviceId: { ideal: chosen } } : {};
  return kind === 'videoinput' ? { ...pictures, ...device } : chosen ? device : true;
}

/** Offers the devices of the kind that each <select> is for. Without permission they have no names, and nothing is offered. */
export async function offerDevices(selects, used = {}) {
  const all = await navigator.mediaDevices?.enumerateDevices() ?? [];
  for (const select of selects) {
    const { kind } = select.dataset;
    const options = all.filter(device => device.kind === kind && device.deviceId);
    select.replaceChildren(...options.map((device, index) => new Option(device.label || `${names[kind]} ${index + 1}`, device.deviceId)));
    select.disabled = options.length === 0;
    if (options.length === 0) select.append(new Option('None found', ''));
    else select.value = used[kind] ?? remembered(`device-${kind}`) ?? options[0].deviceId;
  }
}

export function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a browser can be told to keep nothing
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it is asked for again.
  }
}

/** Shows how loud a track is, so that people see that they are heard. Answers with how to stop. */
export function showLevel(track, bar) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    bar.style.transform = `scaleX(${Math.min(1, Math.hypot(...samples) / Math.sqrt(samples.length) * 6)})`;
  }, 100);
  return () => {
    clearInterval(timer);
    context.close();
    bar.style.transform = '';
  };
}
