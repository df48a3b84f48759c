import { connect, createServer } from 'node:net';
import { listening } from './listening.ts';

/** Copies bytes between client and origin, and looks at none of them: what Node's sockets alone cost. Usage: node byte-pipe.ts PORT */
const port = Number(process.argv[2]);

await listening(
  createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  }),
);
