/* SPDX-License-Identifier: BSD-2-Clause */
/* log_format: a formatter for lines, integers and strings only. */
#include <stdbool.h>

#include "log.h"

struct line {
	char *text;
	size_t size, length; /* length: what the whole line takes so far, cut or not */
};

struct conversion {
	bool left, zero, precise;
	size_t width, precision;
	int size; /* number of l, 2 for z and t */
};

static void put(struct line *l, char c)
{
	if (l->length + 1 < l->size)
		l->text[l->length++] = c;
}

static void put_padded(struct line *l, const struct conversion *c, const char *text, size_t length)
{
	size_t padding = c->width > length ? c->width - length : 0;

	for (size_t i = 0; i < padding && !c->left; i++)
		put(l, ' ');
	for (size_t i = 0; i < length; i++)
		put(l, text[i]);
	for (size_t i = 0; i < padding && c->left; i++)
		put(l, ' ');
}

static void put_number(struct line *l, const struct conversion *c, const char *sign, uint64_t value,
		       unsigned int base)
{
	char digits[24];
	char text[64];
	size_t count = 0, length = 0, signs = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (sign[signs])
		signs++;
	for (size_t i = 0; i < signs; i++)
		text[length++] = sign[i];
	if (c->zero && !c->left)
		for (size_t n = count + signs; n < c->width && n < sizeof(text) - 1; n++)
			text[length++] = '0';
	while (count && length < sizeof(text))
		text[length++] = digits[--count];
	put_padded(l, c, text, length);
}

static const char *parse(struct conversion *c, const char *format)
{
	*c = (struct conversion){0};
	for (;; format++) {
		if (*format == '-')
			c->left = true;
		else if (*format == '0')
			c->zero = true;
		else
			break;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		c->width = c->width < 1000 ? c->width * 10 + (size_t)(*format - '0') : c->width;
	if (*format == '.') {
		c->precise = true;
		for (format++; *format >= '0' && *format <= '9'; format++)
			if (c->precision < 1000)
				c->precision = c->precision * 10 + (size_t)(*format - '0');
	}
	for (; *format == 'l' || *format == 'z'; format++)
		c->size += *format == 'z' ? 2 : 1;
	return format;
}

static void put_string(struct line *l, const struct conversion *c, const char *text)
{
	size_t length = 0;

	if (!text)
		text = "(null)";
	while (!(c->precise && length == c->precision) && text[length])
		length++;
	put_padded(l, c, text, length);
}

/* The pointer is to a va_list so that what is taken here is taken in the caller too. */
static void convert(struct line *l, const struct conversion *c, char letter, va_list *args)
{
	int64_t number;
	char character;

	switch (letter) {
	case 's':
		put_string(l, c, va_arg(*args, const char *));
		return;
	case 'c':
		character = (char)va_arg(*args, int);
		put_padded(l, c, &character, 1);
		return;
	case 'd':
	case 'i':
		number = c->size ? va_arg(*args, long) : va_arg(*args, int);
		put_number(l, c, number < 0 ? "-" : "",
			   number < 0 ? -(uint64_t)number : (uint64_t)number, 10);
		return;
	case 'u':
	case 'x':
		put_number(l, c, "",
			   c->size ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int),
			   letter == 'u' ? 10 : 16);
		return;
	case 'p':
		put_number(l, c, "0x", (uintptr_t)va_arg(*args, void *), 16);
		return;
	default:
		put(l, '%');
		if (letter != '%')
			put(l, letter);
	}
}

size_t log_format(char *text, size_t size, const char *format, va_list args)
{
	struct line l = {.text = text, .size = size};
	struct conversion c;
	va_list rest;

	if (!size)
		return 0;
	va_copy(rest, args);
	for (; *format; format++) {
		if (*format != '%') {
			put(&l, *format);
			continue;
		}
		format = parse(&c, format + 1);
		if (!*format)
			break;
		convert(&l, &c, *format, &rest);
	}
	va_end(rest);
	text[l.length] = 0;
	return l.length;
}
