/**
 * Cases and the queue as they are promised, in memory and as naive as the promise: a case is what
 * links connect, each referral without an answer has an item, and one item of a case stands for all.
 * Written from docs/LIFE-OF-A-REFERRAL.md; it shares no line with what it is compared to.
 */

export type Who = 'casework' | 'clinic'

export type Item = {
  readonly referral: Node
  fence: number
  lapses: number
  lease?: { readonly who: Who; readonly claim: number; ended: boolean }
  /** With people, out of the circle; and whether this very item is a reason for that, or was. */
  escalated: boolean
  reason: boolean
  /** The item that stands for this one. */
  into?: Item
  /** Its case has other referrals than when it was claimed. */
  changed: boolean
  done?: { readonly who: Who; readonly fence: number }
}

export type Node = {
  readonly id: string
  /** The order of arrival. */
  readonly number: number
  readonly dueAt: number
  readonly amends?: Node
  /** Whose keys it has; `undefined` for none. */
  person?: number
  item?: Item
}

export type Pair = readonly [Node, Node]

type Held = 'keys' | 'amendment' | 'person'
type Link = { readonly ends: readonly [Node, Node]; readonly same: boolean; readonly basis: Held }

/** What is told of the pairing of one referral. */
export type Told = {
  readonly waiting: ReadonlySet<string>
  /** Of whom its keys no longer say what they had said. */
  readonly withdrawn: readonly Node[]
  /** What people had been asked before, and is not taken back. */
  readonly questions: readonly Pair[]
  /** What they were asked by this, the first of each pair being who asked. */
  readonly asked: readonly Pair[]
}

export type Claim = {
  readonly item: Item
  readonly who: Who
  readonly fence: number
  ids: string[]
}

export class Model {
  readonly nodes: Node[] = []
  readonly claims: Claim[] = []
  links: Link[] = []
  claimCount = 0

  add(node: Omit<Node, 'item' | 'number'>): Node {
    const added: Node = { ...node, number: this.nodes.length }
    added.item = newItem(added)
    this.nodes.push(added)
    return added
  }

  byId(id: string): Node {
    return this.nodes.find((node) => node.id === id)!
  }

  /** All referrals that links connect with this one, the oldest first. */
  caseOf(node: Node): Node[] {
    const found = new Set([node])
    for (let size = 0; size < found.size; ) {
      size = found.size
      for (const { ends, same } of this.links) {
        if (same && ends.some((end) => found.has(end))) for (const end of ends) found.add(end)
      }
    }
    return [...found].sort((a, b) => a.number - b.number)
  }

  heads(): Item[] {
    return this.nodes.flatMap(({ item }) => (item && !item.into ? [item] : []))
  }

  /** The items that one stands for, with itself. */
  group(head: Item): Item[] {
    return this.nodes.flatMap(({ item }) =>
      item && (item === head || item.into === head) ? [item] : [],
    )
  }

  dueOf(head: Item): number {
    return Math.min(...this.group(head).map(({ referral }) => referral.dueAt))
  }

  headOf(nodes: readonly Node[]): Item | undefined {
    return nodes.flatMap(({ item }) => (item && !item.into ? [item] : []))[0]
  }

  /** Makes one case of those of two referrals. */
  join(one: Node, other: Node, basis: Held): void {
    const [left, right] = [this.caseOf(one), this.caseOf(other)]
    if (left.includes(other)) return
    const crosses = ({ ends }: Link) =>
      ends.some((end) => left.includes(end)) && ends.some((end) => right.includes(end))
    const [a, b] = [this.headOf(left), this.headOf(right)]
    this.links = this.links.filter((link) => !crosses(link))
    this.links.push({ ends: [one, other], same: true, basis })
    if (a && b) {
      const survivor = isBefore(a, b) ? a : b
      this.mergeItem(survivor === a ? b : a, survivor)
    }
    const head = this.headOf(this.caseOf(one))
    if (head) head.changed = true
  }

  private mergeItem(merged: Item, survivor: Item): void {
    if (merged.lease?.ended) {
      if (merged.lapses >= 4) merged.escalated = true
      merged.lapses += 1
    }
    if (!merged.escalated && survivor.escalated) {
      for (const item of this.group(survivor)) item.reason = true
      survivor.escalated = false
    }
    const { lapses, escalated } = merged
    for (const item of this.group(merged)) {
      Object.assign(item, { lapses, reason: item.reason || escalated, into: survivor })
    }
    if (merged.fence > 0) merged.fence += 1
    delete merged.lease
  }

  /** A person takes `side` out of its case. */
  split(side: readonly Node[]): void {
    const all = this.caseOf(side[0]!)
    const rest = all.filter((node) => !side.includes(node))
    const crosses = ({ same, ends }: Link) =>
      same && ends.some((end) => side.includes(end)) && ends.some((end) => rest.includes(end))
    const before = this.links
    // What people and amendments had held together through the other side stays together.
    this.links = before.filter((link) => link.basis !== 'keys' || !crosses(link))
    const together = new Map(all.map((node) => [node, this.caseOf(node)]))
    this.links = before.map((link) =>
      crosses(link) ? { ends: link.ends, same: false, basis: 'person' } : link,
    )
    const moved = all.filter((node) => side.includes(node))
    for (const part of [rest, moved]) {
      const firsts = partsOf(part, (it) => this.caseOf(it)).map(([first]) => first!)
      for (const [at, node] of firsts.entries()) {
        const first = firsts.slice(0, at).find((it) => together.get(it)?.includes(node))
        if (first) this.links.push({ ends: [first, node], same: true, basis: 'person' })
      }
    }
    this.part(rest, side)
    for (const part of [rest, moved]) this.splitUnconnected(part)
  }

  /** What links no longer connect comes apart. */
  private splitUnconnected(members: readonly Node[]): Node[][] {
    const parts = partsOf(members, (it) => this.caseOf(it))
    let left = members
    for (const part of parts.slice(1)) {
      left = left.filter((it) => !part.includes(it))
      this.part(left, part)
    }
    return parts
  }

  /** Two sides that no link connects any more are two cases of the queue, and of what people said. */
  private part(...sides: readonly (readonly Node[])[]): void {
    this.keepAnswers(sides)
    const whole = this.headOf(sides.flat())
    const wasWithPeople = whole !== undefined && withPeople(whole)
    for (const side of sides) {
      const open = side.flatMap(({ item }) => item ?? [])
      if (open.length === 0) continue
      const waits = ({ reason }: Item) => !reason
      let head = open.find(({ into }) => !into)
      if (!head) {
        head = open.toSorted(
          (a, b) => Number(waits(b)) - Number(waits(a)) || a.referral.dueAt - b.referral.dueAt,
        )[0]!
        delete head.into
        for (const item of open) if (item !== head) item.into = head
      }
      // Whoever holds a reason stays with people; who does not waits.
      head.escalated = (wasWithPeople || !open.some(waits)) && !open.every(waits)
      head.changed = true
    }
  }

  /** What a person said of the whole against another case is held of each of its sides. */
  private keepAnswers(sides: readonly (readonly Node[])[]): void {
    const whole = sides.flat()
    const cases = new Set(
      this.nodes.filter((it) => !whole.includes(it)).map((it) => this.caseOf(it)[0]!),
    )
    for (const first of cases) {
      const other = this.caseOf(first)
      if (!this.isAnswered(whole, other)) continue
      for (const side of sides.filter((it) => !this.isAnswered(it, other))) {
        this.links.push({ ends: [side[0]!, first], same: false, basis: 'person' })
      }
    }
  }

  /** Whether a person has said of two cases that they are not one, or that it is not sure. */
  private isAnswered(left: readonly Node[], right: readonly Node[]): boolean {
    return this.links.some(
      ({ ends, same }) =>
        !same && ends.some((end) => left.includes(end)) && ends.some((end) => right.includes(end)),
    )
  }

  /** A person says of these pairs that they are different, or not sure. */
  deny(pairs: readonly (readonly [Node, Node])[]): void {
    for (const ends of pairs) {
      this.links = this.links.filter((link) => !link.ends.every((end) => ends.includes(end)))
      this.links.push({ ends, same: false, basis: 'person' })
    }
  }

  /**
   * Pairs one referral, and after it those of whom its keys took back what they had said, and whom it came
   * apart from; but none that waits for itself. Which pairs a person was asked about is not followed here,
   * but told.
   */
  pair(node: Node, { waiting, withdrawn, questions, asked }: Told): void {
    const { amends } = node
    if (amends) {
      const [own, before] = [this.caseOf(node), this.caseOf(amends)]
      if (!own.includes(amends) && !this.isAnswered(own, before)) {
        this.join(node, amends, 'amendment')
      }
    }
    const members = this.caseOf(node)
    this.links = this.links.filter(({ ends, same, basis }) => {
      const ended = same && basis === 'keys' && ends.includes(node)
      return !ended || (node.person !== undefined && ends[0].person === ends[1].person)
    })
    const parts = this.splitUnconnected(members)
    const freed = [...new Set([...withdrawn, ...(parts.length > 1 ? members : [])])]
      .filter((it) => it !== node && !waiting.has(it.id))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const [at, each] of [node, ...freed].entries()) {
      const before = [node, ...freed].slice(0, at)
      const newer = asked.filter(([by]) => before.includes(by))
      const later = freed.slice(at).filter((it) => it !== each)
      this.match(each, (it) => waiting.has(it.id) || later.includes(it), [...questions, ...newer])
    }
  }

  /** Merges a referral with those of its person that do not wait. */
  private match(node: Node, isWaiting: (node: Node) => boolean, questions: readonly Pair[]): void {
    if (node.person === undefined) return
    // Joined already, by whatever, it would tie two cases together through itself.
    if (this.links.some(({ ends, same }) => same && ends.includes(node))) return
    const like = this.nodes
      .filter((it) => it !== node && it.person === node.person)
      .filter((it) => !isWaiting(it))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const inDoubt = (own: readonly Node[], other: readonly Node[]) =>
      questions.some(
        (ends) =>
          !ends.includes(node) &&
          isRelated(ends) &&
          ends.some((end) => own.includes(end)) &&
          ends.some((end) => other.includes(end)),
      )
    let wasMerged = false
    for (const found of like) {
      const [own, other] = [this.caseOf(node), this.caseOf(found)]
      if (own.includes(found) || this.isAnswered(own, other)) continue
      // A second only where it was asked already whether the two are one.
      if (wasMerged && !inDoubt(own, other)) continue
      this.join(node, found, 'keys')
      wasMerged = true
    }
  }

  /** The items that a claim would lease, the earliest due first. */
  claimable(escalated: boolean): Item[] {
    return this.heads()
      .filter((item) => item.escalated === escalated && (!item.lease || item.lease.ended))
      .sort((a, b) => this.dueOf(a) - this.dueOf(b))
  }

  claim(who: Who, max: number, escalated: boolean): Claim[] {
    for (const item of this.heads()) {
      if (item.lapses >= 4 && item.lease?.ended) item.escalated = item.reason = true
    }
    this.claimCount += 1
    return this.claimable(escalated)
      .slice(0, max)
      .map((item) => {
        if (item.lease) item.lapses += 1
        item.fence += 1
        item.lease = { who, claim: this.claimCount, ended: false }
        item.changed = false
        const ids = this.caseOf(item.referral).map(({ id }) => id)
        const claim = { item, who, fence: item.fence, ids }
        this.claims.push(claim)
        return claim
      })
  }

  /** Whether a write under the claim is taken. */
  isCurrent({ item, who, fence }: Claim): boolean {
    return !item.done && !item.into && item.lease?.who === who && item.fence === fence
  }

  /** Answers some referrals of an item's case, and opens those again that got none. */
  complete({ item, who, fence }: Claim, answered: readonly Node[]): void {
    const group = this.group(item)
    const reasons = new Set(group.flatMap(({ reason, referral }) => (reason ? [referral] : [])))
    for (const { referral } of group) delete referral.item
    item.fence += 1
    item.done = { who, fence }
    const open = group
      .map(({ referral }) => referral)
      .filter((node) => !answered.includes(node))
      .sort((a, b) => a.dueAt - b.dueAt || a.number - b.number)
    const [head, ...others] = open.map(newItem)
    for (const it of [head, ...others]) if (it) it.referral.item = it
    for (const it of others) if (head) it.into = head
    for (const node of open) if (node.item) node.item.reason = reasons.has(node)
    const [some, all] = [open.some((it) => reasons.has(it)), open.every((it) => reasons.has(it))]
    if (head) head.escalated = some && (all || item.escalated)
  }

  /** A referral of the item did not open. */
  report({ item }: Claim, node: Node): void {
    item.fence += 1
    item.escalated = true
    delete item.lease
    if (node.item) node.item.reason = true
  }
}

function newItem(referral: Node): Item {
  return { referral, fence: 0, lapses: 0, escalated: false, reason: false, changed: false }
}

/** Which of two open items goes on when they are merged. */
function isBefore(a: Item, b: Item): boolean {
  const held = ({ lease }: Item) => (lease && !lease.ended ? lease.claim : undefined)
  const [mine, theirs] = [held(a), held(b)]
  if (mine !== undefined || theirs !== undefined) {
    if (mine !== theirs)
      return (mine ?? Number.POSITIVE_INFINITY) < (theirs ?? Number.POSITIVE_INFINITY)
  }
  if (withPeople(a) !== withPeople(b)) return withPeople(b)
  return a.referral.number < b.referral.number
}

function withPeople(item: Item): boolean {
  return item.escalated || (item.lapses >= 4 && item.lease?.ended === true)
}

/** Whether these are the first person and the last, who have one reference and no more in common. */
function isRelated(ends: Pair): boolean {
  return [0, 2].every((person) => ends.some((end) => end.person === person))
}

function partsOf(nodes: readonly Node[], caseOf: (node: Node) => Node[]): Node[][] {
  const parts: Node[][] = []
  for (const node of nodes) {
    if (!parts.some((part) => part.includes(node))) parts.push(caseOf(node))
  }
  return parts
}
