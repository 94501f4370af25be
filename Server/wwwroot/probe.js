const patience = 8_000; // Chromium itself waits 40 s for a server that says nothing

/** Whether one STUN or TURN server is of use; if not, `code` says why, without saying where. */
export function tryServer(server) {
  const isTurn = server.urls.startsWith('turn');
  const connection = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: isTurn ? 'relay' : 'all' });
  const began = performance.now();
  let code = 'no-answer';
  return new Promise(resolve => {
    const end = isWorking => {
      clearTimeout(timer);
      connection.onicecandidate = connection.onicecandidateerror = connection.onicegatheringstatechange = null;
      connection.close();
      resolve({ isWorking, code, milliseconds: Math.round(performance.now() - began) });
    };
    const timer = setTimeout(() => end(false), patience);
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.type === (isTurn ? 'relay' : 'srflx')) end(true);
    };
    // 701 is: not reached, or a certificate that is not trusted. Which of them cannot be told.
    connection.onicecandidateerror = ({ errorCode, errorText }) => {
      code = `${errorCode}${/lookup/.test(errorText) ? ' name' : ''}`;
    };
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState !== 'complete') return;
      // Without address translation the server tells what is known already; that is no candidate of its own.
      end(!isTurn && code === 'no-answer');
    };
    connection.createDataChannel('check');
    connection.setLocalDescription();
  });
}

/** Calls itself over the relay. Answers with the median of five round-trips in milliseconds; undefined where nothing came through. */
export async function relayedPair(server) {
  const [a, b] = [0, 1].map(() => new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: 'relay' }));
  a.onicecandidate = ({ candidate }) => b.addIceCandidate(candidate).catch(() => {});
  b.onicecandidate = ({ candidate }) => a.addIceCandidate(candidate).catch(() => {});
  b.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => channel.send(data); };
  const channel = a.createDataChannel('check');
  const late = new Promise(resolve => setTimeout(resolve, patience, 'late'));
  try {
    const opened = new Promise(resolve => { channel.onopen = resolve; });
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription);
    if (await Promise.race([opened, late]) === 'late') return undefined;
    const times = [];
    for (let count = 0; count < 5; count++) {
      const began = performance.now();
      const echo = new Promise(resolve => { channel.onmessage = resolve; });
      channel.send('echo');
      if (await Promise.race([echo, late]) === 'late') return undefined;
      times.push(performance.now() - began);
    }
    return times.sort((x, y) => x - y)[2];
  } finally {
    a.close();
    b.close();
  }
}
