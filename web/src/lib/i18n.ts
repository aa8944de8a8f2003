// Every word of the page, in both languages. A key that one of them lacks does not compile.
import { zh } from './messages_zh';

export type Language = 'en' | 'zh';

const en = {
  create: 'Create', queue: 'Queue', gallery: 'Gallery', system: 'System',
  skip: 'Skip to the content', theme_light: 'Use light colours', theme_dark: 'Use dark colours', other_language: '中文',
  connection_lost: 'The connection to stillreel is lost. Nothing you entered is lost; the page goes on as soon as it is back.',
  disk_low: 'Only {free} left on the disk of the clips. Delete clips you do not need, or make room, before a long job.',
  close: 'Close', undo: 'Undo', working: 'Working…',

  login_title: 'This studio asks for its token', login_hint: 'It is the text that follows --token where stillreel was started.',
  token: 'Token', log_in: 'Log in', log_out: 'Log out',

  drop_title: 'Drop a picture here', drop_hint: 'or paste one, or choose files: JPEG, PNG, WebP. Several make a batch, a CSV is a job sheet, an MP4 made by stillreel brings its settings back.',
  choose_files: 'Choose pictures', add_pictures: 'Add pictures', remove_picture: 'Remove this picture', picture_n: 'Picture {n}: {name}',
  uploading: 'Uploading {name}', upload_again: 'Try again', drop_now: 'Drop to add',
  view_picture: 'Picture', view_preview: 'Preview', crop_hint: 'Drag the frame to choose what stays in. Arrow keys move it too.',
  crop_label: 'Crop frame', crop_auto: 'Find the subject', preview_needs_picture: 'Put a picture in to see it move.',
  preview_making: 'Drawing the move…', preview_again: 'Preview again', preview_auto: 'Preview while I type',
  preview_note: 'A draft of the move at 256 px by the animatic engine',
  prompt: 'Prompt', prompt_placeholder: 'A woman by the window turns her head, camera slowly pushes in, heavy rain',
  reading_rendered: 'understood', reading_scene: 'in the picture', reading_style: 'style', reading_not_rendered: 'needs the diffusion engine',
  reading_not_understood: 'not understood', rewrite: 'Use this', plan_empty: 'What is understood appears here while you type.',
  builder: 'Prompt builder', subject: 'Subject', action: 'Action', camera: 'Direction and speed', environment: 'Environment',
  subject_example: 'a woman in a red coat', action_example: 'turns her head', environment_example: 'on a rainy street at night',
  camera_move: 'Camera', pace_slow: 'slow', pace_plain: 'normal', pace_fast: 'fast', pace: 'Pace', compose: 'Write the prompt',
  preset: 'Preset', preset_preview: 'Preview', preset_standard: 'Standard', preset_high: 'High', aspect: 'Aspect', aspect_own: 'Picture',
  advanced: 'Advanced', engine: 'Engine', engine_auto: 'Automatic', size: 'Short side', duration: 'Duration', fps: 'Frames a second',
  steps: 'Steps', guidance: 'Guidance', negative_prompt: 'What to avoid', loop: 'Loop', loop_none: 'None', loop_pingpong: 'There and back',
  loop_seamless: 'Seamless', quality: 'Quality', quality_standard: 'Standard', quality_high: 'High', fit: 'Other shape',
  fit_cover: 'Crop', fit_contain: 'Show all', default_value: 'as preset', seed: 'Seed', dice: 'Throw the dice', lock: 'Keep this seed', unlock: 'New seed for every clip',
  reset: 'Start anew', costs: '{time}, {memory}', costs_time: '{time}',
  estimate: '{width} × {height} · {duration} · {frames} frames', estimate_cost: 'about {time} · {bytes}', estimate_memory: '{memory} memory', does_not_fit: 'Does not fit into the memory that is free',
  queue_it: 'Queue it', queue_many: 'Queue {n} clips', queued_note: 'Queued.', queued_notes: '{n} clips queued.', show_queue: 'Show the queue',
  need_picture: 'Put a picture in first.', wait_upload: 'A picture is still being uploaded.',
  recipe_restored: 'Settings restored from {name}.', recipe_no_picture: 'Settings restored. The picture itself is not kept in a clip: put it in again.',
  picture_gone: 'A picture of your draft is no longer on the server and was taken out.',

  queue_empty: 'Nothing is waiting.', queue_empty_hint: 'Put a picture in, write what moves, press “Queue it”: your clips appear here in the order in which they will be made.',
  pause_queue: 'Pause the queue', resume_queue: 'Resume', queue_paused: 'Paused: what runs is finished, nothing new begins.',
  running: 'Running', queued: 'Waiting', completed: 'Done', failed: 'Failed', cancelled: 'Cancelled', state: 'State',
  time_left: '{time} left', position: 'No. {n}', frames_n: '{n} frames', cancelling: 'Stopping…', cancel: 'Cancel', keep_partial: 'Stop, keep what there is', retry: 'Retry', duplicate: 'Again',
  move_up: 'Move up', move_down: 'Move down', move_first: 'Make it next', drag_hint: 'Drag or press the arrow keys to reorder', lately: 'Stopped lately', no_prompt: 'No prompt', remove: 'Remove', no_worker: 'No worker is running: queued clips wait. Restart ./stillreel serve.',

  gallery_empty: 'No clips yet.', gallery_empty_hint: 'Put a picture in, write what moves, press “Queue it”: finished clips gather here.', all: 'All', favourites: 'Favourites',
  favourite: 'Favourite', unfavourite: 'No longer a favourite', compare: 'Compare', compare_hint: 'Choose two clips to compare.', compare_n: 'Compare ({n}/2)', open_clip: 'Open {name}',
  play: 'Play', pause: 'Pause', position_in_clip: 'Position', recipe: 'Recipe', copy_recipe: 'Copy recipe', copied: 'Copied.', use_again: 'Use again', last_frame: 'Last frame as first',
  download: 'Download', delete: 'Delete', deleted_note: 'Clip deleted.', more: 'Show more', made: 'Made',
  made_in: 'Took', picture: 'Picture', file: 'File',

  engines: 'Engines', models: 'Models', no_models: 'No models here. The animatic engine needs none; the diffusion engine’s button fetches its own.', available: 'ready', unavailable: 'not available',
  machine: 'Machine', disk_free: 'Free on the disk', memory_free: 'Free memory', workers: 'Workers', lane: 'Lane', process: 'Process', version: 'Version', worker_ready: 'Rendering worker', yes: 'yes', no: 'no', notifications: 'Notifications',
  notify_ask: 'Tell me when a clip is done', notify_on: 'On: you are told when a clip is done.', notify_off: 'Your browser refuses them: allow notifications for this page in its settings.',
  done_title: 'Clip done', failed_title: 'Clip failed', clip_logs: 'Logs',

  view: 'View', reset_note: 'A fresh desk.', settings: 'Settings', view_both: 'Side by side', preview_none: 'Press “Preview again” to see the move.', step_one: 'Put a picture in',
  step_one_hint: 'It becomes the first frame.', step_two: 'Write what moves', step_two_hint: 'Or press a camera button; you see the move at once.',
  step_three: 'Look, then queue it', step_three_hint: 'Finished clips gather in the gallery.', recent_pictures: 'Pictures you had before', use_picture: 'Use {name}',
  prompt_for: 'Prompt for', prompt_all: 'All pictures', prompt_this: 'Only this picture', own_prompt: 'Has words of its own', reading_model: 'for the model',
  preset_preview_hint: 'A quick look', preset_standard_hint: 'For everyday clips', preset_high_hint: 'The longest and largest', editing: 'Editing a queued clip',
  editing_hint: 'Your own draft waits and comes back.', edit_cancel: 'Cancel editing', edit_save: 'Save changes', edit_saved: 'Changes saved.', edit: 'Edit',
  model: 'Model', scheduler: 'Scheduler', guidance_rescale: 'Guidance rescale', eta: 'Eta', clip_skip: 'CLIP skip', precision: 'Precision', speed: 'Speed', cache_interval: 'Cache interval', cache_branch: 'Cache branch', guidance_start: 'Guidance from', guidance_end: 'Guidance until', guidance_interval: 'Guidance interval', merge_tokens: 'Merged tokens', low_memory: 'Low memory',
  auto_fit: 'Shrink to fit memory', also_set: 'Also set:', would_cost: '{value}: {cost}', upload_found: 'Pictures that were not uploaded yet are being sent again: {n}.',
  upload_lost: 'Not uploaded before the page was left: {names}. Put it in again.', sheet: 'Job sheet', rows_n: '{n} rows',
  rows_wrong: '{n} rows need a change: mend the sheet and drop it again.', sheet_close: 'Put the sheet away',
  sheet_common: 'Empty cells take what is set on the Create page', line: 'Line', checking: 'checking…', in_all: 'about {time} in all',
  sheet_sample: 'Sample job sheet (CSV)', sheet_empty: 'The sheet holds no clips. Its first line names the columns, each further line is a clip.',
  sheet_most: 'Only the first {value} rows are taken.',
  sheet_unknown_column: 'Nobody knows these columns: {value}. The first line names fields of a clip, such as picture,prompt,preset.',
  sheet_too_many_cells: 'More cells than columns ({value}). Words that hold a comma go between quotation marks.',
  sheet_no_picture: 'No picture. Name one in the column “picture”, or choose one on the Create page.',
  sheet_picture_missing: 'The picture {value} is not here: drop it on this page.', sheet_not_a_number: '“{value}” is not a number that fits here',
  sheet_out_of_range: 'must be {value}', sheet_not_a_choice: 'one of {value}', create_first: 'Make a clip', log: 'Log', log_empty: 'Nothing was written down yet.',
  moved_to: 'Moved to place {n}', stage_frames: 'Drawing frames', stage_text: 'Reading the prompt', stage_picture: 'Looking at the picture',
  stage_encode: 'Encoding the picture', stage_denoise: 'Denoising', stage_decode: 'Decoding frames', search: 'Search words', nothing_found: 'No clip matches.',
  show_all: 'Show all', format: 'Format', strip: 'Contact strip', newer: 'Newer clip', older: 'Older clip', swap: 'Swap', pull: 'Get {model}', pull_again: 'Try again',
  pull_done: '{model} is here', memory: 'Memory', disk: 'Disk', free_of: '{free} free of {total}', threads: 'Threads', uptime: 'Running for', since: 'Since',
  lane_quick: 'Previews', lane_render: 'Rendering', no_clips: 'No clip was made yet.',

  error_offline: 'stillreel does not answer. Check that ./stillreel serve is running, then try again; your entries are kept.',
  error_too_large: 'The file is too large. Up to 64 MiB and 50 megapixels are taken: make it smaller and drop it again.',
  error_format: 'This kind of file is not read. Save it as JPEG, PNG or WebP.', error_memory: 'There is not enough memory for this. Choose a smaller size, fewer frames or the preview preset.',
  error_busy: 'That is not possible right now. Try again in a moment.', error_rate: 'Too many wrong tokens. Wait a minute, then try again.', error_token: 'This is not the token of this server. Look for --token where it was started.',
  error_gone: 'This is no longer there. Reload the page to see what is.', error_server: 'The server made a mistake. Try again; its log file says more.', error_field: 'Change “{field}” and try again.', error_unknown: 'That did not work. Try again.',
};

export type Key = keyof typeof en;
export type Messages = Record<Key, string>;
export const messages: Record<Language, Messages> = { en, zh };

export function translate(language: Language, key: Key, values: Record<string, string | number> = {}): string {
  return messages[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** What the service says in English only, by its stable names. */
const LINT_ZH: Record<string, string> = {
  no_motion_verb: '没有写什么在动：写出镜头运动、天气或动作',
  no_subject: '没有写主体：说明画面里是谁或什么',
  no_environment: '没有写环境：说明地点、天气或光线',
  abstract_words: '这些词太抽象：写出看得见的东西和运动',
};

/** Engines say what they are for in English. */
const ENGINES_ZH: Record<string, string> = {
  animatic: '在图片上呈现镜头运动、天气与光线，数秒完成',
  'i2vgen-xl': '扩散模型，能创造新的运动，需数分钟到数小时',
};
export const engine_text = (language: Language, name: string, purpose: string) =>
  language === 'zh' ? (ENGINES_ZH[name] ?? purpose) : purpose.charAt(0).toUpperCase() + purpose.slice(1);

/** Why an engine cannot work: for want of its weights, mostly. */
export const reason_text = (language: Language, name: string, reason: string) =>
  language === 'zh' && /weights|models pull/.test(reason) ? `缺少模型 ${name} 的权重：获取后即可使用` : reason.charAt(0).toUpperCase() + reason.slice(1);

export const lint_text = (language: Language, rule: string, message: string) =>
  language === 'zh' ? (LINT_ZH[rule] ?? message) : message;

export const browser_language = (): Language => (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
