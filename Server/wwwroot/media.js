const wanted = { audio: true, video: { width: { ideal: 640 }, height: { ideal: 360 } } };
const names = { audio: 'microphone', video: 'camera' };
const codes = { NotAllowedError: 'media-refused', NotReadableError: 'media-busy' };

/** What there is of camera and microphone. `problem` tells what is missing and why, undefined when nothing is. */
export async function openMedia() {
  const stream = new MediaStream();
  if (!navigator.mediaDevices) return { stream, problem: { code: 'media-insecure' } };

  // Asked for together, one missing device fails both; so then each by itself.
  let reason = await add(stream, wanted);
  if (reason) for (const kind of ['audio', 'video']) reason = await add(stream, { [kind]: wanted[kind] }) ?? reason;

  const kinds = stream.getTracks().map(track => track.kind);
  const missing = ['video', 'audio'].filter(kind => !kinds.includes(kind)).map(kind => names[kind]);
  return { stream, problem: missing.length ? { code: codes[reason?.name] ?? 'media-absent', missing: missing.join(' and ') } : undefined };
}

async function add(stream, constraints) {
  try {
    for (const track of (await navigator.mediaDevices.getUserMedia(constraints)).getTracks()) stream.addTrack(track);
  } catch (error) {
    return error;
  }
}
