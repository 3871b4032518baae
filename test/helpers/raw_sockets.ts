import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export async function connected(at: number): Promise<Socket> {
  const socket = connect(at, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** The status of the answer to a request that is sent as it stands. */
export async function rawStatus(url: string, text: string): Promise<number> {
  const socket = await connected(Number(new URL(url).port));
  socket.write(text);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(chunk.toString().split(' ')[1]);
}
