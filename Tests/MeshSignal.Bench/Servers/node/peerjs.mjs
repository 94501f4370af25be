// The PeerJS server as its package starts it, with room for the load.
import { PeerServer } from 'peer';

PeerServer({ port: Number(process.argv[2]), host: '127.0.0.1', path: '/', concurrent_limit: 50_000 });
