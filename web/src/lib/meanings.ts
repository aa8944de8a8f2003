// What the service says of a prompt, in Chinese. It says it in English, out of a small set of words.
import type { Language } from './i18n';

const WORDS: Record<string, string> = {
  'in the picture': '画面内容', 'whole clip': '全程', 'first half': '前半段', 'second half': '后半段', 'first third': '前三分之一', 'last third': '后三分之一', 'first two thirds': '前三分之二',
  gently: '轻柔', slowly: '缓慢', quickly: '快速', whip: '甩动', slight: '轻微', strong: '强烈', light: '轻', moderate: '中等', heavy: '强',
  static: '固定', 'pan left': '左摇', 'pan right': '右摇', 'tilt up': '上摇', 'tilt down': '下摇', 'roll clockwise': '顺时针旋转', 'roll anticlockwise': '逆时针旋转',
  'zoom in': '变焦推近', 'zoom out': '变焦拉远', 'dolly in': '推进', 'dolly out': '拉远', 'truck left': '左移', 'truck right': '右移', 'pedestal up': '升起', 'pedestal down': '降下',
  'orbit left': '向左环绕', 'orbit right': '向右环绕', handheld: '手持晃动', hold: '固定',
  rain: '雨', snow: '雪', fog: '雾', dust: '尘埃', smoke: '烟', embers: '火星', leaves: '落叶', petals: '花瓣', fireflies: '萤火虫', 'police lights': '警灯', candle: '烛光', neon: '霓虹',
  lightning: '闪电', 'sun rays': '阳光光束', sunrise: '日出', sunset: '日落', water: '水面', foliage: '树叶', clouds: '云', cloth: '布料', 'in the distance': '远处', 'red and blue': '红蓝',
  'turns as on a turntable': '像转台一样转动', 'turns a little': '微微转动', breathes: '呼吸起伏', sways: '摇摆', 'a breeze': '微风', 'plain wind': '有风', 'to the left': '向左', 'to the right': '向右',
  'said not to move: left out': '已说明不动：略去', 'said not to be there: left out': '已说明没有：略去', 'format: nothing moves by it': '格式说明：不产生运动',
  'night: lights and weather are tuned for the dark': '夜晚：灯光与天气按暗景调整', 'time-lapse: everything but the camera runs 6 times as fast': '延时：镜头以外快 6 倍',
  'slow motion: everything but the camera runs at half speed': '慢动作：镜头以外以半速进行', 'not understood: nothing is done for it': '未理解：不产生效果',
  'turning the head needs parts of it that the picture does not show': '转头需要画面中看不到的部分', 'a change of expression needs a generative engine': '表情变化需要扩散引擎',
  'speech moves the face, which needs a generative engine': '说话会带动面部，需要扩散引擎', 'a body that walks or runs needs a generative engine': '行走或奔跑需要扩散引擎',
  'a dancing body needs a generative engine': '舞蹈需要扩散引擎', 'an action of hands or body needs a generative engine': '手或身体的动作需要扩散引擎',
  'a thing that travels by itself cannot be cut out of one picture honestly': '自行移动的物体无法从单张图片中真实地分离', 'the trembling of one thing alone is not modelled': '单个物体的颤动不在效果之列',
  'traffic, crowds and animals on the move cannot be made from one picture honestly': '车流、人群和动物的移动无法由单张图片真实生成', 'a thing that changes its shape needs a generative engine': '形状变化需要扩散引擎',
  'cuts and fades belong to the edit, a clip is one shot': '剪切与淡入淡出属于剪辑，一个作品是一个镜头', 'the focus stays where the picture has it': '焦点保持原图的位置',
  'twinkling, fireworks and the like are not among this engine\'s effects': '闪烁、烟花等不在此引擎的效果之列', 'a clip is made without sound': '作品没有声音',
  'no motion was found in the words: a gentle push-in is used': '文字中没有运动：将使用轻柔的推进',
  'the turn is shown as a slight turn: the picture does not hold the subject\'s far side': '只能微微转动：图片中没有主体的另一面',
};
const LEADS: Record<string, string> = { camera: '镜头', wind: '风', subject: '主体', time: '时间', 'not rendered': '不呈现' };
const FIELD_NOTES: [RegExp, (match: RegExpExecArray) => string][] = [
  [/^not shown: "(.*)": (.*)$/s, ([, text = '', reason = '']) => `不呈现“${text}”：${chinese(reason)}`],
  [/^not used by the animatic engine: (.*)$/, ([, names = '']) => `动态分镜引擎不使用：${names}`],
  [/^not used by the diffusion engine.*?: ([\w, ]+)$/, ([, names = '']) => `扩散引擎不使用：${names}`],
];

function piece(text: string): string {
  const known = WORDS[text];
  if (known) return known;
  const shape = /^(.*?) (\(.*\)|to the left)$/.exec(text);
  if (shape && WORDS[shape[1] ?? '']) return `${WORDS[shape[1] ?? '']}${shape[2] === 'to the left' ? '向左' : ''}`;
  return text.replace(/^speed x(.*)$/, '速度 ×$1').replace(/^(\S+) degrees$/, '$1°').replace(/^(.*) % of the frame$/, '画面的 $1%').replace(/^(\d+) % to (\d+) %$/, '$1% 至 $2%');
}

function chinese(text: string): string {
  const whole = WORDS[text];
  if (whole) return whole;
  for (const [pattern, say] of FIELD_NOTES) {
    const match = pattern.exec(text);
    if (match) return say(match);
  }
  const lead = /^([a-z ]+): (.*)$/.exec(text);
  if (lead && LEADS[lead[1] ?? '']) return `${LEADS[lead[1] ?? '']}：${chinese(lead[2] ?? '')}`;
  return text.split(' and ').reduce<string[]>((parts, part) => {
    // "red and blue" is one colour.
    const last = parts.at(-1);
    if (last?.endsWith('red') && part.startsWith('blue')) parts[parts.length - 1] = `${last} and ${part}`;
    else parts.push(part);
    return parts;
  }, []).map((part) => part.split(', ').map(piece).join('，')).join('；');
}

/** A phrase's meaning or a note, without what its chip says already. */
export const meaning_text = (language: Language, meaning: string) => (language === 'zh' ? chinese(meaning) : meaning);
