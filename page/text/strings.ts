/* All the page's texts, in one place. */
import { durationInWords, exactCount, exactSize, fileCountInWords, humanSize, localMinute } from './figures.js'

const counted = (count: number, one: string, many: string) => `${exactCount(count)}\u00a0${count === 1 ? one : many}`

export const strings = {
  title: 'Files and storage',
  titleOf: (place: string, orgKey: string | undefined) => [place, orgKey, 'Files and storage'].filter(Boolean).join(' · '),
  skip: 'Skip to the content',
  places: { overview: 'Overview', largest: 'Largest files', links: 'Share links', users: 'Users' },
  navigation: 'Places',
  refresh: 'Refresh',
  forget: 'Sign out',
  retry: 'Try again',
  cancel: 'Cancel',
  close: 'Close',
  loading: 'Loading …',
  loadMore: 'Show more',
  copy: 'Copy',
  copied: 'Copied.',
  notCopied: 'Your browser does not let this page copy. Select the text, and copy it yourself.',
  unknownPlace: 'There is nothing at this address.',
  toOverview: 'Go to the overview',

  entry: {
    heading: 'Sign in',
    label: 'Token',
    hint: 'A JSON Web Token of your organisation. It stays in this tab, through reloads, until you sign out or close it; other tabs of this page that you open may use it, too.',
    submit: 'Sign in',
    notAToken: 'This is not a token: a JSON Web Token is three parts of letters and digits with dots between them.',
    where: 'Programs and the command objects-storage use the same tokens. Whoever runs this service can give you one.',
  },

  errors: {
    noAnswer: 'The service does not answer.',
    offline: 'You are offline.',
    notTheService: 'Something else answers at the service’s address.',
    status: (status: number) => `The service answered with the status ${status}.`,
    fromBefore: (message: string) => `${message} What is shown below may be out of date.`,
    /** What to do about an error, by its code. */
    advice: (code: string | undefined): string | undefined => {
      switch (code) {
        case 'QUOTA_EXCEEDED': return 'Delete what is not needed, or ask whoever runs the service for a larger quota.'
        case 'TOO_MANY_REQUESTS': return 'Wait a minute, and try again.'
        case 'NOT_READY': return 'Files are being counted after an update: try again in a few minutes.'
        case 'NETWORK_FAILED': return 'Check your connection. If only uploads fail, the storage may not allow this page (CORS): whoever runs the service can set it with npm run prepare-bucket.'
        case 'SHARES_NOT_CONFIGURED': return 'Whoever runs the service can turn share links on with SERVICE_SECRET.'
        case 'FORBIDDEN': return 'An admin of your organisation can do this.'
        default: return undefined
      }
    },
  },

  usage: {
    total: 'Total',
    yours: 'Yours',
    yoursOf: (share: string) => `${share} of the organisation’s`,
    split: 'Inputs and outputs',
    inputs: 'Inputs',
    outputs: 'Outputs',
    quota: 'Quota',
    quotaUsed: (used: string, size: string) => `${used} of ${size}`,
    quotaFull: 'The quota is full: uploads are refused. Delete what is not needed, or ask whoever runs the service for more.',
    quotaAlmost: (left: number) => `Only ${humanSize(left)} left: bigger uploads are refused.`,
    quotaSoon: (left: number) => `${humanSize(left)} left.`,
    unfinished: (bytes: number) => `Unfinished uploads hold another ${humanSize(bytes)}.`,
    none: 'No files have been counted yet.',
    upTo: 'Counts every event up to ',
    late: (durationMs: number) =>
      `The newest event took ${durationInWords(durationMs)} to arrive: newer changes may not be counted yet.`,
    notReconciled: 'Not yet compared with the bucket.',
    reconciled: 'Compared with the bucket on ',
    partOf: (userId: string) => `The part of ${userId}`,
    everybody: 'Everybody',
    shown: (orgKey: string) => `The usage of ${orgKey} is shown.`,
  },

  reconcile: {
    start: 'Compare now',
    running: (listed: number) => `Comparing with the bucket: ${counted(listed, 'object', 'objects')} looked at …`,
    done: (added: number, removed: number, corrected: number) => added + removed + corrected === 0
      ? 'Everything was counted correctly.'
      : `Settled: ${exactCount(added)} added, ${exactCount(removed)} removed, ${exactCount(corrected)} corrected.`,
    unsettled: (count: number) => `${counted(count, 'difference remains', 'differences remain')}.`,
    failed: (why: string | null) => `The comparison ended early${why === null ? '' : `: ${why}`}. The next one continues from there.`,
  },

  trend: {
    heading: 'Over time',
    period: 'Period',
    periods: [{ days: 30, name: '30 days' }, { days: 90, name: '90 days' }, { days: 365, name: '1 year' }],
    begins: 'Figures are recorded at the end of each day: the line begins tomorrow.',
    filled: 'The end of the day was missed: these figures were taken later.',
    table: 'Figures by day',
    day: 'Day',
    bytes: 'Bytes',
    files: 'Files',
    others: 'Everything else',
    description: (ends: string) => `Bytes stored, day by day: ${ends}.`,
    on: (size: string, day: string) => `${size} on ${day}`,
  },

  workflows: {
    heading: 'Workflows',
    search: 'Find a workflow',
    name: 'Workflow',
    files: 'Files',
    size: 'Size',
    export: 'Export CSV',
    new: 'New workflow',
    all: (count: number) => `Show all ${exactCount(count)} workflows`,
    none: 'No workflow has files yet. Start a new one here, or upload the first files with this command.',
    noneFound: 'No workflow has this in its name or id.',
    help: 'Upload the first file with the command',
    shown: (count: number, all: number) => count === all ? counted(all, 'workflow', 'workflows') : `${exactCount(count)} of ${counted(all, 'workflow', 'workflows')}`,
  },

  workflow: {
    runs: 'Runs',
    run: 'Run',
    inputs: 'Inputs',
    outputs: 'Outputs',
    files: 'Files',
    size: 'Size',
    since: 'First seen',
    sort: 'Sort by',
    sorts: [
      { value: 'firstSeen', name: 'First seen' }, { value: 'newest', name: 'Latest change' }, { value: 'bytes', name: 'Size' },
      { value: 'files', name: 'Files' },
    ],
    none: 'No run of this workflow has files yet.',
    new: 'New run',
    rename: 'Name it',
    name: 'Name of the workflow',
    save: 'Save',
  },

  run: {
    workflow: (workflowId: string) => `Workflow ${workflowId.slice(0, 8)}`,
    heading: (runId: string) => `Run ${runId.slice(0, 8)}`,
    top: 'All files',
    files: 'Files of the run',
    name: 'Name',
    type: 'Type',
    direction: 'In or out',
    size: 'Size',
    time: 'Stored',
    creator: 'By',
    input: 'input',
    output: 'output',
    folder: 'folder',
    found: 'not known',
    filter: 'Names that begin with',
    none: 'No files yet: drop some here, or copy this command.',
    noneHere: 'No name here begins with this.',
    emptyFolder: 'This folder has no files.',
    archive: 'Download all as ZIP',
    archiveOf: (what: string) => `Archive of ${what}`,
    shareRun: 'Share',
    uploadFiles: 'Upload files',
    uploadFolder: 'Upload a folder',
    uploadAs: 'Upload as',
    drop: 'Drop files and folders here to upload them.',
    unreadable: (paths: readonly string[]) => `Your browser cannot read these, so they are not uploaded: ${paths.join(', ')}`,
    select: (name: string) => `Select ${name}`,
    selectAll: 'Select everything shown',
    selected: (count: number) => `${counted(count, 'entry', 'entries')} selected`,
    clear: 'Clear selection',
    deleteSelected: 'Delete',
    archiveSelected: 'Download as ZIP',
    shown: (count: number, hasMore: boolean) => `${counted(count, 'entry', 'entries')}${hasMore ? ' so far' : ''}`,
  },

  file: {
    details: 'About the file',
    back: 'Back to the list',
    download: 'Download',
    copyLink: 'Copy link',
    share: 'Share',
    delete: 'Delete',
    open: 'Open in a new tab',
    preview: (name: string) => `Preview of ${name}`,
    tooMuch: (shown: number) => `The first ${humanSize(shown)} are shown.`,
    rows: (count: number) => `The first ${counted(count, 'row is', 'rows are')} shown.`,
    noPreview: 'This type has no preview. Download the file to see it.',
    notShown: 'The preview could not be loaded. Download the file to see it.',
    missing: 'There is no such file. It may have been deleted, or be someone else’s.',
    mediaType: 'Media type',
    where: 'Path',
    link: 'Download link',
    linkCopied: 'Link copied. Anyone who has it can read the file until the file is deleted.',
    workflow: 'Workflow',
  },

  pdf: {
    page: (number: number, count: number) => `Page ${exactCount(number)} of ${exactCount(count)}`,
    pages: (count: number) => counted(count, 'page', 'pages'),
    larger: 'Larger',
    smaller: 'Smaller',
    tooBig: (most: string) => `A PDF of more than ${most} has no preview. Open it in a new tab to see it.`,
  },

  deletion: {
    heading: 'Delete for good?',
    counting: 'Counting what would be deleted …',
    what: (count: number, bytes: number) => `${fileCountInWords(count)}, ${exactSize(bytes)}. This cannot be undone.`,
    more: (count: number) => `and ${counted(count, 'more', 'more')}`,
    confirm: (count: number) => `Delete ${fileCountInWords(count)}`,
    progress: (done: number, count: number) => `${exactCount(done)} of ${fileCountInWords(count)} deleted`,
    done: (count: number) => `${fileCountInWords(count)} deleted.`,
    failed: (count: number) => `${fileCountInWords(count)} could not be deleted:`,
    nothing: 'There is nothing to delete any more.',
  },

  sharing: {
    heading: (name: string) => `Share ${name}`,
    hint: 'Anyone who has the link can read what it leads to, until it ends or you revoke it. It shows no key.',
    ends: 'Ends in',
    periods: [
      { seconds: 3_600, name: '1 hour' }, { seconds: 86_400, name: '1 day' }, { seconds: 604_800, name: '7 days' },
      { seconds: 2_592_000, name: '30 days' },
    ],
    note: 'Note, for you and admins',
    opens: 'Opens',
    attachment: 'as a download',
    inline: 'in the browser',
    create: 'Create link',
    result: 'The link',
    until: (time: string) => `It ends on ${localMinute(time)}. It cannot be shown again; links can be revoked under Share links.`,
  },

  links: {
    heading: 'Share links',
    none: 'No links yet: share a run, a folder or a file, and its link is listed here until 30 days after it ends.',
    what: 'Leads to',
    kinds: { file: 'a file', run: 'a run', folder: 'a folder', selection: 'a selection' } as Record<string, string>,
    by: 'Made by',
    made: 'Made',
    ends: 'Ends',
    used: 'Used',
    never: 'never',
    times: (count: number, last: string | null) => count === 0 ? 'never' : `${counted(count, 'time', 'times')}${last === null ? '' : `, last on ${localMinute(last)}`}`,
    revoke: 'Revoke',
    revokeWhich: (what: string, made: string) => `Revoke the link to ${what} made on ${made}`,
    revoked: 'revoked',
    ended: 'ended',
    confirm: 'Revoke this link?',
    confirmHint: 'Those who have it will no longer be able to open it. This cannot be undone.',
    done: 'Link revoked.',
  },

  users: {
    heading: 'Users',
    user: 'User',
    files: 'Files',
    size: 'Size',
    newest: 'Latest change',
    none: 'No users have files here.',
    find: 'Look up one user',
    show: 'Show',
    wrong: 'A user’s UUID is 32 hexadecimal digits in five groups: 8-4-4-4-12.',
  },

  largest: {
    heading: 'Largest files',
    none: 'No file is 1 MiB (1,048,576 bytes) or larger.',
  },

  uploads: {
    heading: 'Uploads',
    progress: (done: number, all: number, sent: number, bytes: number) =>
      `${exactCount(done)} of ${fileCountInWords(all)}, ${humanSize(sent)} of ${humanSize(bytes)}`,
    done: (count: number, bytes: number) => `${fileCountInWords(count)} uploaded, ${humanSize(bytes)}.`,
    failed: (count: number) => `${fileCountInWords(count)} failed`,
    retry: 'Try again',
    retryAll: 'Try all again',
    cancel: 'Cancel all',
    dismiss: 'Dismiss',
    cancelled: 'Cancelled. What was sent is kept, so that you can continue, until the service removes it.',
    reading: 'Reading the folders …',
    tooLong: 'Its path is longer than 400 bytes.',
  },
}
