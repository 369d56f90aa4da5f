import type { ComponentChildren } from 'preact'
import type { Place } from '../state/address.js'
import { addressOf, goTo } from '../state/router.js'

interface PlaceLinkProps {
  to: Place
  className?: string
  isCurrent?: boolean
  title?: string
  children: ComponentChildren
}

/** A link to a place: a plain click goes there within this page, and any other click does what browsers do with links. */
export function PlaceLink ({ to, className, isCurrent = false, title, children }: PlaceLinkProps) {
  const go = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    goTo(to)
  }
  return <a href={addressOf(to)} class={className} title={title} aria-current={isCurrent ? 'page' : undefined} onClick={go}>{children}</a>
}
