import { hash } from 'node:crypto';
import type { Database } from '@agentcoord/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorOf, statusOf } from '../failures.ts';
import type { Limits } from '../limits.ts';
import { type LinkedApproval, messagePage, pageHeaders, questionPage } from './page.ts';

/** Path of a link to an approval. The token is a secret: see redaction.ts. */
const linkPath = '/a/:token';

/** Bytes of a form: a reason of 2,000 characters, percent-encoded. */
const maxFormBytes = 32_768;

type Link = { p_project_id: number; p_token_hash: string };
type Status = 'pending' | 'approved' | 'denied' | 'expired';

/**
 * Pages with which a person decides without a login: who has the link may. Looking decides nothing, because chat
 * programs fetch links before people do. No cookie exists that a page elsewhere could use, and a form from elsewhere
 * is refused by its Origin. Only links that do not exist count against an address: a page elsewhere can ask for those,
 * and must not keep a person from deciding.
 */
export function addLinks(app: FastifyInstance, database: Database, limits: Limits): void {
  app.removeAllContentTypeParsers();
  const form = { parseAs: 'string', bodyLimit: maxFormBytes } as const;
  app.addContentTypeParser('application/x-www-form-urlencoded', form, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  );
  app.setErrorHandler((cause, request, reply) => {
    const error = errorOf(cause, request.id);
    if (error.code === 'internal') request.log.error({ err: cause }, error.message);
    return answer(reply, statusOf(error), messagePage(error.message, error.hint));
  });
  async function unknown(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    await limits.countUnknownLink(request);
    return answer(reply, 404, unknownPage);
  }
  app.get(linkPath, async (request, reply) => {
    const link = linkIn(request);
    const approval = link && ((await database.call('read_approval_link', link)) as LinkedApproval | { status: Status });
    if (!approval) return unknown(request, reply);
    if ('payload' in approval) return answer(reply, 200, questionPage(approval));
    return answer(reply, 410, overPage(approval.status));
  });
  app.post(linkPath, async (request, reply) => {
    const link = linkIn(request);
    const decision = decisionIn(request.body);
    if (!decision) return answer(reply, 400, messagePage('Nothing was decided', 'Open the link again and choose.'));
    const outcome = link && ((await database.call('decide_approval_link', { ...link, ...decision })) as Outcome | null);
    if (!outcome) return unknown(request, reply);
    if (!outcome.decided) return answer(reply, 409, overPage(outcome.status));
    database.wakeups?.announce(link.p_project_id, true);
    return answer(reply, 200, donePage(outcome.status));
  });
}

interface Outcome {
  decided: boolean;
  status: Status;
}

/** `<project>-<43 characters>`; undefined for what was never handed out. */
function linkIn(request: FastifyRequest): Link | undefined {
  const { token } = request.params as { token: string };
  const [, project] = /^([1-9]\d{0,9})-[A-Za-z0-9_-]{43}$/.exec(token) ?? [];
  if (project === undefined || Number(project) > 2_147_483_647) return undefined;
  return { p_project_id: Number(project), p_token_hash: hash('sha256', token, 'hex') };
}

function decisionIn(body: unknown): { p_approve: boolean; p_reason: string | null } | undefined {
  if (!(body instanceof URLSearchParams)) return undefined;
  const decision = body.get('decision');
  if (decision !== 'approve' && decision !== 'deny') return undefined;
  // What nobody sees must not reach the agent either.
  const reason = (body.get('reason') ?? '')
    .replace(/(?!\uFE0F)[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 2000);
  return { p_approve: decision === 'approve', p_reason: reason.toWellFormed() || null };
}

const unknownPage = messagePage('There is no such link', 'Check that it was copied whole, or ask the agent again.');

const donePage = (status: Status) =>
  messagePage(status === 'approved' ? 'Approved' : 'Denied', 'The agent has been told. You can close this page.');

const overPage = (status: Status) =>
  status === 'expired'
    ? messagePage('Too late', 'The time for deciding is over. The agent may ask again.')
    : messagePage('Decided already', `It was ${status}. A link works once, and that decision stands.`);

function answer(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).headers(pageHeaders).send(html);
}
