/**
 * The commands that run where the service is, or beside it: they need its database, or its packages.
 * They are loaded when they are called, like the others.
 */
import type { Command } from '../command.ts'

/** By name, what loads the command. */
export const hostCommands: Readonly<Record<string, () => Promise<Command>>> = {
  'keyset draft': async () => (await import('./publishing.ts')).keysetDraft,
  'keyset publish': async () => (await import('./publishing.ts')).keysetPublish,
  'directory draft': async () => (await import('./publishing.ts')).directoryDraft,
  'directory publish': async () => (await import('./publishing.ts')).directoryPublish,
  'matching-key serve': async () => (await import('./keyholder.ts')).matchingKeyServe,
  'admin migrate': async () => (await import('./admin.ts')).migrate,
  'admin organisation add': async () => (await import('./admin.ts')).organisationAdd,
  'admin organisation disable': async () => (await import('./admin.ts')).organisationDisable,
  'admin client add': async () => (await import('./admin.ts')).clientAdd,
  'admin client disable': async () => (await import('./admin.ts')).clientDisable,
  'admin client list': async () => (await import('./admin.ts')).clientList,
  'admin partner add': async () => (await import('./partners.ts')).partnerAdd,
  'admin partner rotate': async () => (await import('./partners.ts')).partnerRotate,
  'admin auditor add': async () => (await import('./auditors.ts')).auditorAdd,
  'admin client-key add': async () => (await import('./client-keys.ts')).clientKeyAdd,
  'admin client-key end': async () => (await import('./client-keys.ts')).clientKeyEnd,
  'admin signing-key add': async () => (await import('./admin.ts')).signingKeyAdd,
  'admin signing-key end': async () => (await import('./admin.ts')).signingKeyEnd,
  'admin directory draft': async () => (await import('./publishing.ts')).directoryDraft,
  'admin log restart': async () => (await import('./log.ts')).logRestart,
  'admin retention': async () => (await import('./retention.ts')).retention,
  'admin verify-vault': async () => (await import('./vault.ts')).verifyVault,
  'admin token-key': async () => (await import('./admin.ts')).tokenKey,
  'admin token-seal': async () => (await import('./admin.ts')).tokenSeal,
  'admin token': async () => (await import('./admin.ts')).token,
}
