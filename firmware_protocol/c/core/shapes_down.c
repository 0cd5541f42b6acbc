#include "limits.h"
#include "message.h"

static const struct anmen_field_shape challenge[] = {{1, SHAPE_BYTES, 16, false, NULL}};
static const struct anmen_field_shape welcome[] = {
    {1, SHAPE_NUMBER, 0, false, NULL}, {2, SHAPE_NUMBER, 0, false, NULL}, {3, SHAPE_NUMBER, 0, false, NULL},
    {4, SHAPE_NUMBER, 0, true, NULL}};
static const struct anmen_field_shape stored[] = {{1, SHAPE_NUMBER, 0, false, NULL},
                                                  {2, SHAPE_NUMBER, 0, false, NULL}};
static const struct anmen_field_shape missing[] = {
    {1, SHAPE_NUMBER, 0, false, NULL}, {2, SHAPE_NUMBER, 0, false, NULL}, {3, SHAPE_NUMBER, 0, false, NULL}};
static const struct anmen_field_shape part[] = {
    {1, SHAPE_NUMBER, 0, false, NULL},  {2, SHAPE_NUMBER, 0, false, NULL},  {3, SHAPE_TRUTH, 0, false, NULL},
    {4, SHAPE_NUMBER, 0, false, NULL},  {5, SHAPE_NUMBER, 0, false, NULL},  {6, SHAPE_NUMBERS, 0, false, NULL},
    {7, SHAPE_STRINGS, 0, false, NULL}, {8, SHAPE_BYTES, ANMEN_DIGEST, false, NULL}};
static const struct anmen_field_shape answer[] = {
    {1, SHAPE_BYTES, 8, false, NULL}, {2, SHAPE_NUMBER, 0, false, NULL}, {3, SHAPE_NUMBER, 0, true, NULL}};

#define SHAPE(tag, fields) {tag, sizeof fields / sizeof fields[0], fields}

const struct anmen_message_shape anmen_down_shapes[7] = {
    SHAPE(DOWN_CHALLENGE, challenge), SHAPE(DOWN_WELCOME, welcome),   SHAPE(DOWN_STORED, stored),
    SHAPE(DOWN_MISSING, missing),     SHAPE(DOWN_LIST_PART, part),    SHAPE(DOWN_TIME_ANSWER, answer),
    {DOWN_REBIRTH, 0, NULL}};
