// A signaling server as tutorials write it with Socket.IO: rooms, and messages that are passed on to one member.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
io.on('connection', socket => {
  socket.on('join', room => {
    socket.emit('joined', [...io.sockets.adapter.rooms.get(room) ?? []]);
    socket.join(room);
  });
  socket.on('signal', (to, message) => io.to(to).emit('signal', socket.id, message));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
