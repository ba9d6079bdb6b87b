import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { CaseExport, ExportQuery } from './exportschemas.ts'
import {
  Case,
  CaseParams,
  DecisionRequest,
  Found,
  Judged,
  MergeRequest,
  Notes,
  NotesParams,
  NotesQuery,
  PairParams,
  PossibleMatches,
  Reviews,
  ReviewsQuery,
  SearchRequest,
  Split,
  SplitRequest,
} from './schemas.ts'

const security = [{ bearer: ['cases:review'] }]
const exporting = { bearer: ['cases:export'] }

/** Cases: reading them, judging them, finding one. Never a referrer's to ask. */
export const casesRoutes: FastifyPluginAsyncTypebox<{ cases: Services['cases'] }> = async (
  app,
  { cases },
) => {
  app.route({
    method: 'GET',
    url: '/reviews',
    config: { action: 'case.read' },
    schema: {
      operationId: 'listReviews',
      summary: 'List what needs a person: possible matches and flagged cases, oldest first',
      security,
      querystring: ReviewsQuery,
      response: { 200: Reviews },
    },
    handler: async ({ caller, query }) => cases.reviews(knownCaller(caller), query),
  })

  app.route({
    method: 'POST',
    url: '/search',
    config: { action: 'case.searched' },
    schema: {
      operationId: 'searchCases',
      summary: 'Find cases by a reference, or by match values',
      security,
      body: SearchRequest,
      response: { 200: Found },
    },
    handler: async ({ caller, body }) => cases.search(knownCaller(caller), body),
  })

  app.route({
    method: 'GET',
    url: '/:caseId',
    config: { action: 'case.read' },
    schema: {
      operationId: 'readCase',
      summary: 'Read a case: the referrals about one person, and why they are together',
      description: 'The id of a case that was merged into another leads to that one.',
      security,
      params: CaseParams,
      response: { 200: Case },
    },
    handler: async ({ caller, params }) => cases.read(knownCaller(caller), params.caseId),
  })

  app.route({
    method: 'GET',
    url: '/:caseId/possible-matches',
    config: { action: 'case.read' },
    schema: {
      operationId: 'listPossibleMatches',
      summary: 'List cases that may be about the same person, most likely first',
      security,
      params: CaseParams,
      response: { 200: PossibleMatches },
    },
    handler: async ({ caller, params }) =>
      cases.possibleMatches(knownCaller(caller), params.caseId),
  })

  app.route({
    method: 'GET',
    url: '/:caseId/export',
    config: { action: 'case.exported' },
    schema: {
      operationId: 'exportCase',
      summary: 'Read what is kept about a case beside what is sealed, for a copy to its subject',
      description:
        'Also the entries of the access log about it and its referrals, a page at a time, without the persons who called. What is sealed is fetched by the other calls that this scope allows.',
      security: [exporting],
      params: CaseParams,
      querystring: ExportQuery,
      response: { 200: CaseExport },
    },
    handler: async ({ caller, params, query }) =>
      cases.exportCase(knownCaller(caller), params.caseId, query),
  })

  judgingRoutes(app, cases)
}

/** The notes about a referral go with it, whatever case it is in. Never a referrer's to read. */
export const notesRoutes: FastifyPluginAsyncTypebox<{ cases: Services['cases'] }> = async (
  app,
  { cases },
) => {
  app.route({
    method: 'GET',
    url: '/:referralId/notes',
    config: { action: 'case.read' },
    schema: {
      operationId: 'listNotes',
      summary: 'List the sealed review notes about a referral, in order',
      security: [...security, exporting],
      params: NotesParams,
      querystring: NotesQuery,
      response: { 200: Notes },
    },
    handler: async ({ caller, params, query: { after = 0 } }) =>
      cases.notesAbout(knownCaller(caller), params.referralId, after),
  })
}

function judgingRoutes(app: Parameters<typeof casesRoutes>[0], cases: Services['cases']): void {
  app.route({
    method: 'POST',
    url: '/:caseId/possible-matches/:otherId/decision',
    config: { action: 'case.judged' },
    schema: {
      operationId: 'decidePossibleMatch',
      summary: 'Decide whether two cases are about the same person',
      description: 'A later decision replaces this one. A split undoes a merge.',
      security,
      params: PairParams,
      body: DecisionRequest,
      response: { 200: Judged },
    },
    handler: async ({ caller, params, body }) =>
      cases.decide(knownCaller(caller), params.caseId, params.otherId, body),
  })

  app.route({
    method: 'POST',
    url: '/:caseId/merge',
    config: { action: 'case.merged' },
    schema: {
      operationId: 'mergeCases',
      summary: 'Merge two cases that you know to be about the same person',
      security,
      params: CaseParams,
      body: MergeRequest,
      response: { 200: Judged },
    },
    handler: async ({ caller, params, body }) =>
      cases.merge(knownCaller(caller), params.caseId, body),
  })

  app.route({
    method: 'POST',
    url: '/:caseId/split',
    config: { action: 'case.split' },
    schema: {
      operationId: 'splitCase',
      summary: 'Split referrals off a case, whatever the reason they were in it',
      description:
        'Referrals that match keys had connected only through the other side are split off as well, and compared again.',
      security,
      params: CaseParams,
      body: SplitRequest,
      response: { 200: Split },
    },
    handler: async ({ caller, params, body }) =>
      cases.split(knownCaller(caller), params.caseId, body),
  })

  app.route({
    method: 'DELETE',
    url: '/:caseId/flags',
    config: { action: 'case.judged' },
    schema: {
      operationId: 'clearFlags',
      summary: 'Clear the flags of a case, once a person has looked at it',
      security,
      params: CaseParams,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params }, reply) => {
      await cases.clearFlags(knownCaller(caller), params.caseId)
      return reply.code(204).send(null)
    },
  })
}
