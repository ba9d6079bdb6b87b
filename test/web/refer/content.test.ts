/**
 * Goal: whatever form the writer of a message gave its content, the page shows what there is, and the other messages.
 * Method: the pure functions, with what no client of ours seals.
 */
import t from 'tap'
import { filesNamedIn, textIn } from '../../../src/web/refer/content.ts'

t.test('a text and files are told', (t) => {
  const content = { text: 'Two scans.', documents: [{ name: 'Scan.pdf' }, { name: 'Letter' }] }
  t.equal(textIn(content), 'Two scans.')
  t.same(filesNamedIn(content), ['Scan.pdf', 'Letter'])
  t.end()
})

t.test('of another form there is less, and no error', (t) => {
  const noWords = { toString: 1 }
  t.same(filesNamedIn({ documents: [null, {}, 7, { name: noWords }] }), ['', '', '', ''])
  for (const other of [undefined, null, 'text', [], { text: noWords, documents: noWords }]) {
    t.equal(textIn(other), '', JSON.stringify(other))
    t.same(filesNamedIn(other), [], JSON.stringify(other))
  }
  t.end()
})
