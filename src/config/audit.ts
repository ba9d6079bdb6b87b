/** The access log: what signs its checkpoints, and where the newest is kept outside the database. */
import type { Environment } from './server.ts'
import { integer, list } from './values.ts'

export type AuditConfig = {
  /** Key files that sign checkpoints: one, or two while a new key takes over. Empty: the trial's own. */
  readonly keyFiles: readonly string[]
  /** The key that a trial makes for itself, and uses where none is named. */
  readonly ownKeyFile: string
  /** The newest checkpoint, as this replica saw it. */
  readonly checkpointFile: string
  /** What was erased: ids and times, so that a restored backup does not bring it back. */
  readonly erasuresFile: string
  /** For how many days backups hold what was erased. */
  readonly backupDays: number
  /** C2SP tlog-policy: the witnesses that checkpoints are shown to. */
  readonly witnessFile: string | undefined
}

/** As many keys as the keyset names (protocol/trust/keyset.ts). */
const keysMax = 2

export function readAudit(
  environment: Environment,
  dataFolder: string,
  faults: string[],
): AuditConfig {
  const keyFiles = list(environment.AUDIT_KEY_FILE)
  if (environment.PUBLIC_URL && keyFiles.length === 0) {
    faults.push('AUDIT_KEY_FILE must be set beside PUBLIC_URL: the same file on all replicas')
  }
  if (keyFiles.length > keysMax) {
    faults.push(`AUDIT_KEY_FILE must be up to ${keysMax} key files, with a comma between`)
  }
  return {
    keyFiles,
    ownKeyFile: `${dataFolder}/audit-key.json`,
    checkpointFile: environment.CHECKPOINT_FILE || `${dataFolder}/audit-checkpoint`,
    erasuresFile: environment.ERASURES_FILE || `${dataFolder}/erasures`,
    backupDays: integer(environment, 'BACKUP_DAYS', 35, 1, 3_650, faults),
    witnessFile: environment.WITNESS_FILE || undefined,
  }
}
