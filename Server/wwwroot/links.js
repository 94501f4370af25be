// For each link, by the number of people: kbit/s of a camera, pixels of its short side, frames a second; kbit/s and frames of a screen; kbit/s of a microphone.
// All links together stay below some 2 Mbit/s upwards, which is what a home has.
const ceilings = [
  [1500, 720, 30, 2000, 15, 40], [900, 540, 24, 1200, 10, 40], [600, 360, 24, 800, 8, 32], [400, 360, 20, 600, 8, 32],
  [300, 270, 20, 450, 5, 24], [220, 240, 15, 350, 5, 24], [180, 180, 15, 300, 5, 24],
].map(([video, side, fps, screen, screenFps, audio]) => ({ video, side, fps, screen, screenFps, audio }));

/** Everybody sends to everybody, so the more there are the less each gets. */
export function limit(call) {
  const limits = ceilings[Math.min(Math.max(call.peers.size - 1, 0), ceilings.length - 1)];
  for (const { connection } of call.peers.values()) for (const { sender } of connection.getTransceivers()) {
    const parameters = sender.getParameters();
    if (!sender.track || !parameters.encodings?.length) continue;
    const { width, height } = sender.track.getSettings();
    const scale = Math.max(1, Math.min(width, height) / limits.side || 1);
    const [kilobits, fps, scaleResolutionDownBy] = sender.track.kind === 'audio' ? [limits.audio]
      : call.local.screen ? [limits.screen, limits.screenFps, 1] : [limits.video, limits.fps, scale];
    Object.assign(parameters.encodings[0], { maxBitrate: kilobits * 1_000 }, fps && { maxFramerate: fps, scaleResolutionDownBy });
    sender.setParameters(parameters).catch(() => {}); // stopped meanwhile
  }
}

const measured = new WeakMap();

/** How a connection is, in figures: seconds, bit/s since the last time, a share of what is lost. */
export async function measure(connection) {
  const reports = await connection.getStats();
  const all = [...reports.values()];
  // Not every browser tells of the transport, or of the pair's round-trip; then it marks the pair, and has a round-trip from RTCP.
  const { selectedCandidatePairId: id } = all.find(report => report.type === 'transport') ?? {};
  const pair = reports.get(id) ?? all.find(report => report.selected ?? report.nominated);
  if (!pair) return {};
  const [local, remote] = [reports.get(pair.localCandidateId), reports.get(pair.remoteCandidateId)];
  const former = measured.get(connection) ?? pair;
  measured.set(connection, pair);
  const rate = key => pair.timestamp > former.timestamp ? Math.max(0, (pair[key] - former[key]) * 8_000 / (pair.timestamp - former.timestamp)) : 0;
  const video = all.find(report => report.type === 'outbound-rtp' && report.frameHeight);
  const reason = video?.qualityLimitationReason ?? 'none';
  return {
    rtt: pair.currentRoundTripTime ?? all.find(report => report.type === 'remote-inbound-rtp' && report.roundTripTime)?.roundTripTime,
    up: rate('bytesSent'), down: rate('bytesReceived'),
    loss: Math.max(0, ...all.map(report => report.type === 'remote-inbound-rtp' && report.fractionLost || 0)),
    local: local?.candidateType, remote: remote?.candidateType, over: local?.relayProtocol ?? local?.protocol,
    video: video && `${video.frameHeight}p ${Math.round(video.framesPerSecond ?? 0)} fps${reason === 'none' ? '' : `, limited by ${reason}`}`,
  };
}

const megabits = bits => (bits / 1e6).toFixed(bits < 1e6 ? 2 : 1);

/** For people who asked for it; no address is in it. */
export function figures({ rtt, up, down, loss, local, remote, over, video }) {
  if (!local) return 'no way yet';
  const delay = rtt === undefined ? 'not known yet' : `${Math.round(rtt * 1000)} ms`;
  const lines = [`round-trip ${delay}`, `↑ ${megabits(up)} ↓ ${megabits(down)} Mbit/s`, `${local} → ${remote}, ${over}`];
  return [...lines, loss > 0 && `lost ${(loss * 100).toFixed(1)} %`, video && `sends ${video}`].filter(Boolean).join('\n');
}
