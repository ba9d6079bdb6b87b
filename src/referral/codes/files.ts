/** What a document's file may be: formats that show a page or play a recording, and do nothing by themselves. */
export const fileTypes = {
  'application/pdf': 'PDF',
  'image/jpeg': 'JPEG image',
  'image/png': 'PNG image',
  'image/tiff': 'TIFF image',
  'image/heic': 'HEIC image',
  'text/plain': 'Plain text',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'Word document',
  'application/vnd.oasis.opendocument.text': 'OpenDocument text',
  'audio/mpeg': 'MP3 recording',
  'audio/mp4': 'M4A recording',
  'video/mp4': 'MP4 recording',
} as const
