import { CoordinationError, errorCodes, errorFrom, withoutSecrets } from '@agentcoord/contract';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

/** Receives what nobody expected; its text stays on this side. */
export type Report = (cause: unknown) => void;

/** The error a caller may see: its own when it was meant for callers, otherwise `internal` without the cause's words. */
export function errorOf(cause: unknown, report: Report): CoordinationError {
  if (!(cause instanceof CoordinationError)) report(cause);
  return errorFrom(cause, {
    message: 'The server failed to answer.',
    hint: 'This is a defect: the log of the server has the cause. `agentcoord doctor` says what else is wrong.',
  });
}

/** The same error where the protocol has no result to put it in. Hosts show models the message only, so the hint is in it. */
export function protocolErrorOf(error: CoordinationError): ProtocolError {
  const code = errorCodes[error.code].http < 500 ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, `${error.message} ${error.hint}`, error.toJSON());
}

/** Lines a minute about clients' mistakes, and characters of each before they are escaped. */
const [mostLines, longestLine] = [30, 200];

/**
 * What the protocol library says about requests and connections: mostly clients' doing, and in their own words. So it is
 * one short line, escaped, and there are few: nobody fills a disk or drives a terminal by what he sends.
 */
export function lineTo(report: Report): (error: Error) => void {
  let [minute, lines] = [0, 0];
  return ({ message }) => {
    const now = Math.floor(performance.now() / 60_000);
    if (now !== minute) [minute, lines] = [now, 0];
    if (++lines > mostLines) return;
    const last = lines === mostLines ? ' (the last such line of this minute)' : '';
    report(`MCP: ${printable(withoutSecrets(message).slice(0, longestLine))}${last}`);
  };
}

/** As JSON in plain ASCII: neither line ends nor what drives terminals or turns the direction of a line. */
function printable(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Writes to the log of this process. */
export function reportToConsole(cause: unknown): void {
  console.error(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
}
