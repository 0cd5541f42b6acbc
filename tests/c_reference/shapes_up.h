#ifndef SHAPES_UP_H
#define SHAPES_UP_H

#include "message.h"

extern const struct anmen_message_shape up_shapes[7];

#endif
