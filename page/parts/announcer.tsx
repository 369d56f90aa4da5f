import { useEffect, useState } from 'preact/hooks'
import { listenToAnnouncements } from '../state/announcements.js'

/** The element whose announcements a screen reader reads. */
export function Announcer () {
  const [text, setText] = useState('')
  useEffect(() => listenToAnnouncements(setText), [])
  return <p id='status' class='visually-hidden' role='status'>{text}</p>
}
