/** Workers that work out what the service asks for, beside the thread that shows the page. */

/** Of Trusted Types, which not every browser has and TypeScript does not know. */
type Policies = {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): { createScriptURL(address: string): string }
}

const { trustedTypes } = globalThis as { trustedTypes?: Policies }

/** Lets one address through, whatever is asked. */
const policy = trustedTypes?.createPolicy('solver', { createScriptURL: solverAddress })

function solverAddress(): string {
  const file = document.querySelector<HTMLScriptElement>('script[data-solver]')?.dataset.solver
  return new URL(file ?? '', document.baseURI).href
}

export function createSolver(): Worker {
  return new Worker(policy?.createScriptURL('') ?? solverAddress(), { type: 'module' })
}
