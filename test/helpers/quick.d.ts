export const joinedFolder: string
export const joinedNames: readonly string[]
export function joinedFile(name: string): string
export function strippedFile(source: string | Uint8Array): string
