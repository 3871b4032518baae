import { execFile } from 'node:child_process';

export interface Curled {
  exit: number;
  status: number;
  connect: number;
  body: string;
}

/** What curl says, with `-x` and whatever else is given. */
export function curl(proxy: string, ...args: string[]): Promise<Curled> {
  const format = '\n%{http_code} %{http_connect}';
  return new Promise((resolve) => {
    execFile('curl', ['-sS', '-m', '20', '-x', proxy, '-w', format, ...args], (error, stdout) => {
      const lines = stdout.split('\n');
      const [status, tunnel] = (lines.pop() ?? '').split(' ').map(Number);
      resolve({ exit: Number(error?.code ?? 0), status: status ?? 0, connect: tunnel ?? 0, body: lines.join('\n') });
    });
  });
}
