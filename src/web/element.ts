/** Elements made one by one: text becomes text, whoever wrote it, and nothing is parsed as HTML. */

export type Child = Node | string

/** An attribute that is `true` stands without a value; one that is `false` is left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, value === true ? '' : value)
  }
  made.append(...children)
  return made
}

export function paragraph(text: string, classes = 'govuk-body'): HTMLElement {
  return element('p', { class: classes }, text)
}

/** A button that does not send the form it stands in. */
export function button(text: string, press: () => void, classes = ''): HTMLButtonElement {
  const made = element('button', { type: 'button', class: `govuk-button ${classes}`.trim() }, text)
  made.addEventListener('click', press)
  return made
}

/** Goes somewhere within the page: a button that looks like a link, so that no address changes. */
export function link(text: string, press: () => void, classes = ''): HTMLButtonElement {
  const made = element('button', { type: 'button', class: `refer-link ${classes}`.trim() }, text)
  made.addEventListener('click', press)
  return made
}
