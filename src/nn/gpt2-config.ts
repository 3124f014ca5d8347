// The numbers that make one GPT-2 differ from another, named as in Hugging Face's GPT2Config (in camelCase).

import type { Activation } from '../device/device.js';

export interface GPT2Config {
  readonly vocabSize: number;
  /** The longest context, in tokens. */
  readonly nPositions: number;
  readonly nEmbd: number;
  readonly nLayer: number;
  readonly nHead: number;
  /** Width of the MLP; 4 * nEmbd where config.json says null. */
  readonly nInner: number;
  readonly activationFunction: Activation;
  readonly embdPdrop: number;
  readonly attnPdrop: number;
  readonly residPdrop: number;
  readonly layerNormEpsilon: number;
  readonly scaleAttnWeights: boolean;
  readonly scaleAttnByInverseLayerIdx: boolean;
  readonly tieWordEmbeddings: boolean;
  readonly initializerRange: number;
}
