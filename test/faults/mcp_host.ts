// Starts `agentcoord mcp` as a host does, so that the host can be killed. `pipes`: the host owns the pipes, and they
// close with it. `inherited`: they are those of whoever started the host, and stay open.
import { spawn } from 'node:child_process';
import { program } from '../helpers/agentcoord.ts';

const pipes = process.argv[2] === 'pipes';
const server = spawn(process.execPath, [program, 'mcp'], {
  stdio: pipes ? ['pipe', 'pipe', 'ignore'] : [0, 1, 'ignore'],
});
if (server.stdin && server.stdout) {
  process.stdin.pipe(server.stdin);
  server.stdout.pipe(process.stdout);
}
process.send?.({ pid: server.pid });
