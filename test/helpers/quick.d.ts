export function strippedFile(source: string | Uint8Array): string
