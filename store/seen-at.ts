/**
 * When the store was seen to hold what it answered: by its own clock, unless that is ahead of ours by more than the bound. In
 * that case it is when it was asked, by our clock, since it must not seem to be newer than changes that came after it.
 *
 * @param shownAt by the store's clock
 */
export function seenAt (shownAt: Date, askedAt: Date, boundMs: number): Date {
  return shownAt.getTime() - askedAt.getTime() > boundMs ? askedAt : shownAt
}
